//! Names that a provider takes, there and back: names of tools, and ids of their calls. Conversations come from clients of
//! other providers, whose names are longer and have dots, slashes, spaces or other letters. Each adapter has the rules of
//! its provider as data.

use super::{ContentBlock, ModelCall};
use std::collections::{HashMap, HashSet};

/// The names that a provider takes. Each takes ASCII letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameRule {
    /// The fewest characters.
    pub fewest: usize,
    /// The most characters.
    pub most: usize,
    /// The other characters that it takes, such as `_-`.
    pub signs: &'static str,
}

impl NameRule {
    /// Whether the provider takes this name.
    pub fn takes(self, name: &str) -> bool {
        (self.fewest..=self.most).contains(&name.len()) && name.chars().all(|c| self.takes_character(c))
    }

    fn takes_character(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || self.signs.contains(c)
    }

    /// The replacement of a character that the provider does not take: an underscore, or no character where the provider
    /// takes no underscores.
    fn placeholder(self) -> &'static str {
        if self.signs.contains('_') { "_" } else { "" }
    }

    /// A free name near this one. A number tells it from others.
    fn free(self, name: &str, taken: &HashSet<String>, next: &mut HashMap<String, u64>) -> String {
        let mut near = String::new();
        for c in name.chars() {
            if self.takes_character(c) { near.push(c) } else { near.push_str(self.placeholder()) }
        }
        near.truncate(self.most);
        let first = self.padded(near.clone());
        if !taken.contains(&first) {
            return first;
        }
        self.numbered(&near, taken, next).unwrap_or(first)
    }

    /// A free name that ends with a number. `next` has the next number for each beginning of a name, so that no number is
    /// tried twice: the caller chooses how many names collide.
    fn numbered(
        self,
        near: &str,
        taken: &HashSet<String>,
        next: &mut HashMap<String, u64>,
    ) -> Option<String> {
        let placeholder = self.placeholder();
        let (mut fewest, mut digits) = (1_u64, 1_usize);
        while let Some(end) = fewest.checked_mul(10) {
            let length = self.most.saturating_sub(placeholder.len().saturating_add(digits));
            let start: String = near.chars().take(length).collect();
            let number = next.entry(start.clone()).or_insert(2);
            *number = fewest.max(*number);
            while *number < end {
                let name = self.padded(format!("{start}{placeholder}{number}"));
                *number += 1;
                if !taken.contains(&name) {
                    return Some(name);
                }
            }
            fewest = end;
            digits += 1;
        }
        None
    }

    /// The name with as many characters as the provider needs.
    fn padded(self, mut name: String) -> String {
        let filler = if self.placeholder().is_empty() { "0" } else { "_" };
        while name.len() < self.fewest {
            name.insert_str(0, filler);
        }
        name
    }
}

/// The rules of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolNameRules {
    /// For names of tools.
    pub tools: NameRule,
    /// For ids of calls.
    pub calls: NameRule,
    /// Names of tools that the adapter needs for itself.
    pub reserved: &'static [&'static str],
}

/// The names of the tools of a call and of its conversation, and the ids of the calls there.
#[derive(Debug, Clone, Default)]
pub struct ToolNames {
    /// The names of tools.
    pub tools: MappedNames,
    /// The ids of calls.
    pub calls: MappedNames,
}

impl ToolNames {
    /// Maps the names of this call.
    pub fn new(call: &ModelCall, rules: &ToolNameRules) -> Self {
        let blocks = || call.messages.iter().flat_map(|turn| &turn.content);
        let called = blocks().filter_map(|block| match block {
            ContentBlock::ToolCall(call) => Some(call.name.as_str()),
            _ => None,
        });
        let tools = call.tools.tools.iter().map(|tool| tool.name.as_str()).chain(called);
        let ids = blocks().filter_map(|block| match block {
            ContentBlock::ToolCall(call) => Some(call.id.as_str()),
            ContentBlock::ToolResult(result) => Some(result.call_id.as_str()),
            _ => None,
        });
        Self {
            tools: MappedNames::new(tools, rules.reserved, rules.tools),
            calls: MappedNames::new(ids, &[], rules.calls),
        }
    }
}

/// Names of a request and their counterparts at the provider.
#[derive(Debug, Clone, Default)]
pub struct MappedNames {
    to_provider: HashMap<String, String>,
    to_caller: HashMap<String, String>,
}

impl MappedNames {
    /// Maps these names. Names that the provider takes are kept, if `reserved` does not have them.
    fn new<'a>(names: impl Iterator<Item = &'a str>, reserved: &[&str], rule: NameRule) -> Self {
        let mut taken: HashSet<String> = reserved.iter().map(|name| (*name).to_owned()).collect();
        let mut next = HashMap::new();
        let mut mapped = Self::default();
        // Kept names first, so that no changed name takes the place of a kept one.
        let (kept, changed): (Vec<&str>, Vec<&str>) =
            names.partition(|name| rule.takes(name) && !taken.contains(*name));
        for name in kept {
            mapped.add(name, name.to_owned(), &mut taken);
        }
        for name in changed {
            if !mapped.to_provider.contains_key(name) {
                mapped.add(name, rule.free(name, &taken, &mut next), &mut taken);
            }
        }
        mapped
    }

    fn add(&mut self, name: &str, counterpart: String, taken: &mut HashSet<String>) {
        taken.insert(counterpart.clone());
        self.to_caller.insert(counterpart.clone(), name.to_owned());
        self.to_provider.insert(name.to_owned(), counterpart);
    }

    /// The provider's name.
    pub fn to_provider(&self, name: &str) -> String {
        self.to_provider.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// The caller's name. A name that the model made up stays as it is.
    pub fn to_caller(&self, name: &str) -> String {
        self.to_caller.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: NameRule = NameRule { fewest: 1, most: 64, signs: "_-" };
    const WITHOUT_HYPHENS: NameRule = NameRule { fewest: 1, most: 64, signs: "_" };
    const NINE: NameRule = NameRule { fewest: 9, most: 9, signs: "" };

    #[test]
    fn names_come_back_and_no_two_are_one() {
        let long = "x".repeat(70);
        let longer = "x".repeat(80);
        let names = [
            "get_weather",
            "get-weather",
            "get.weather",
            "get/weather",
            "answer",
            "",
            "größe",
            "call_weather_1",
            "call_weather_2",
            "123456789",
            long.as_str(),
            longer.as_str(),
        ];
        for rule in [USUAL, WITHOUT_HYPHENS, NINE] {
            let mapped = MappedNames::new(names.iter().copied(), &["answer"], rule);
            let sent: HashSet<String> = names.iter().map(|name| mapped.to_provider(name)).collect();
            assert_eq!(sent.len(), names.len(), "{sent:?}");
            assert!(sent.iter().all(|name| rule.takes(name)) && !sent.contains("answer"), "{sent:?}");
            assert!(names.iter().all(|name| mapped.to_caller(&mapped.to_provider(name)) == *name));
            assert_eq!(mapped.to_provider("get_weather") == "get_weather", rule != NINE);
            assert_eq!(mapped.to_provider("get-weather") == "get-weather", rule == USUAL);
            assert_eq!(mapped.to_provider("123456789"), "123456789");
        }
    }

    #[test]
    fn a_name_looks_like_the_callers() {
        let sent = |name: &str, rule| MappedNames::new([name].into_iter(), &[], rule).to_provider(name);
        assert_eq!(sent("github.com/issues.list", USUAL), "github_com_issues_list");
        assert_eq!(sent("get-weather", WITHOUT_HYPHENS), "get_weather");
        assert_eq!(sent(&"x".repeat(128), USUAL), "x".repeat(64));
        assert_eq!(sent("toolu_01", NINE), "00toolu01");
        assert_eq!(sent("call_ejieksiz", NINE), "callejiek");
    }

    #[test]
    fn many_names_with_one_beginning_differ_and_no_number_is_tried_twice() {
        let names: Vec<String> = (0..10_000).map(|number| format!("{}{number}", "x".repeat(70))).collect();
        for rule in [USUAL, NINE] {
            let mapped = MappedNames::new(names.iter().map(String::as_str), &[], rule);
            let sent: HashSet<String> = names.iter().map(|name| mapped.to_provider(name)).collect();
            assert_eq!(sent.len(), 10_000);
            assert!(sent.iter().all(|name| rule.takes(name)));
        }
        let (taken, mut next) = (HashSet::from(["abc".to_owned()]), HashMap::new());
        assert_eq!(USUAL.free("abc", &taken, &mut next), "abc_2");
        // Nothing was taken in the meantime: the count goes on all the same.
        assert_eq!(USUAL.free("abc", &taken, &mut next), "abc_3");
    }

    #[test]
    fn an_unknown_name_stays_as_it_is() {
        let mapped = MappedNames::new(["a"].into_iter(), &[], USUAL);
        assert_eq!((mapped.to_provider("b"), mapped.to_caller("c")), ("b".to_owned(), "c".to_owned()));
    }
}
