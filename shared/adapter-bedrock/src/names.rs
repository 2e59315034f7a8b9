//! Names that Bedrock takes, there and back: names of tools, and ids of their calls. Converse takes `[a-zA-Z0-9_-]{1,64}`;
//! Nova writes no call of a tool whose name has a hyphen. Conversations come from clients of other providers, whose names
//! are longer and have dots, spaces or other letters.

use std::collections::{HashMap, HashSet};

/// The most characters of a name.
const LONGEST: usize = 64;

/// Names of a request and their counterparts at Bedrock.
#[derive(Debug, Clone, Default)]
pub(crate) struct MappedNames {
    to_provider: HashMap<String, String>,
    to_caller: HashMap<String, String>,
}

impl MappedNames {
    /// Maps these names. Names that Bedrock takes are kept, if `reserved` does not have them.
    pub(crate) fn new<'a>(
        names: impl Iterator<Item = &'a str> + Clone,
        reserved: &[&str],
        hyphens: bool,
    ) -> Self {
        let mut taken: HashSet<String> = reserved.iter().map(|name| (*name).to_owned()).collect();
        let mut mapped = Self::default();
        // Kept names first, so that no changed name takes the place of a kept one.
        let (kept, changed): (Vec<&str>, Vec<&str>) =
            names.partition(|name| is_taken(name, hyphens) && !taken.contains(*name));
        for name in kept {
            mapped.add(name, name.to_owned(), &mut taken);
        }
        for name in changed {
            if !mapped.to_provider.contains_key(name) {
                mapped.add(name, free(name, hyphens, &taken), &mut taken);
            }
        }
        mapped
    }

    fn add(&mut self, name: &str, counterpart: String, taken: &mut HashSet<String>) {
        taken.insert(counterpart.clone());
        self.to_caller.insert(counterpart.clone(), name.to_owned());
        self.to_provider.insert(name.to_owned(), counterpart);
    }

    /// The name at Bedrock.
    pub(crate) fn to_provider(&self, name: &str) -> String {
        self.to_provider.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// The caller's name. A name that the model made up stays as it is.
    pub(crate) fn to_caller(&self, name: &str) -> String {
        self.to_caller.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }
}

fn is_letter(byte: u8, hyphens: bool) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || (hyphens && byte == b'-')
}

fn is_taken(name: &str, hyphens: bool) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(|byte| is_letter(byte, hyphens))
}

/// A free name near this one.
fn free(name: &str, hyphens: bool, taken: &HashSet<String>) -> String {
    let usual = |c: char| u8::try_from(c).is_ok_and(|byte| is_letter(byte, hyphens));
    let near: String = name.chars().map(|c| if usual(c) { c } else { '_' }).take(LONGEST).collect();
    let near = if near.is_empty() { "_".to_owned() } else { near };
    if !taken.contains(&near) {
        return near;
    }
    let numbered = (2_u64..).map(|number| {
        let end = format!("_{number}");
        let start: String = near.chars().take(LONGEST - end.len()).collect();
        start + &end
    });
    numbered.into_iter().find(|name| !taken.contains(name)).unwrap_or(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_no_two_are_one() {
        let long = "x".repeat(70);
        let longer = "x".repeat(80);
        let names = [
            "get_weather",
            "get-weather",
            "get.weather",
            "answer",
            "",
            "größe",
            long.as_str(),
            longer.as_str(),
        ];
        for hyphens in [true, false] {
            let mapped = MappedNames::new(names.iter().copied(), &["answer"], hyphens);
            let sent: HashSet<String> = names.iter().map(|name| mapped.to_provider(name)).collect();
            assert_eq!(sent.len(), names.len(), "{sent:?}");
            assert!(sent.iter().all(|name| is_taken(name, hyphens)) && !sent.contains("answer"), "{sent:?}");
            assert!(names.iter().all(|name| mapped.to_caller(&mapped.to_provider(name)) == *name));
            assert_eq!(mapped.to_provider("get_weather"), "get_weather");
            assert_eq!(mapped.to_provider("get-weather") == "get-weather", hyphens);
        }
    }

    #[test]
    fn an_unknown_name_stays_as_it_is() {
        let mapped = MappedNames::new(["a"].into_iter(), &[], true);
        assert_eq!((mapped.to_provider("b"), mapped.to_caller("c")), ("b".to_owned(), "c".to_owned()));
    }
}
