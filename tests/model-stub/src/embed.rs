//! Vectors for texts, for a server without an embedding model behind it. They are computed and not learned: texts that
//! share words get vectors that are near each other, and the vectors know nothing else.
//!
//! Each word (letters and digits, lowercase) is hashed to a vector of signs. The vector of a text is their sum, scaled
//! to length 1. The same text gets the same vector in every process.

use serde_json::{Value, json};

/// Texts to be embedded, in the same form for every wire format.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Texts {
    pub(crate) texts: Vec<String>,
    /// The number of dimensions that the caller asked for; the model's default when absent.
    pub(crate) dimensions: Option<usize>,
    pub(crate) default_dimensions: usize,
}

/// The vectors of a request, and what they cost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vectors {
    /// Numbers, kept as JSON so that those of a forwarded model stay unchanged.
    pub(crate) vectors: Vec<Value>,
    pub(crate) tokens: u64,
}

impl Texts {
    /// Computed vectors. Four bytes count as one token.
    pub(crate) fn computed(&self) -> Vectors {
        let dimensions = self.dimensions.unwrap_or(self.default_dimensions);
        Vectors {
            vectors: self.texts.iter().map(|text| json!(vector(text, dimensions))).collect(),
            tokens: self.texts.iter().map(|text| tokens(text.len())).sum(),
        }
    }
}

/// Four bytes count as one token; at least one token.
pub(crate) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4).max(1)).unwrap_or(u64::MAX)
}

fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f32; dimensions];
    let lowercase = text.to_lowercase();
    let words: Vec<&str> =
        lowercase.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    // A text without a word counts as one word, so that no vector has length 0.
    let words = if words.is_empty() { vec![text] } else { words };
    for word in words {
        let mut state = fnv(word);
        for number in &mut sum {
            *number += if split_mix(&mut state) & 1 == 0 { 1.0 } else { -1.0 };
        }
    }
    let length = sum.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length == 0.0 {
        // Words can cancel each other out in a short vector.
        if let Some(first) = sum.first_mut() {
            *first = 1.0;
        }
        return sum;
    }
    sum.iter().map(|number| number / length).collect()
}

/// FNV-1a, 64 bits.
fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// SplitMix64: the next number of the sequence that begins at `state`.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: &str, b: &str) -> f32 {
        vector(a, 256).iter().zip(vector(b, 256)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn shared_words_bring_texts_together() {
        assert!((near("Acme wants a demo", "acme WANTS a demo!") - 1.0).abs() < 1e-5);
        let (some, none) =
            (near("Acme wants a demo", "Acme wants a price"), near("Acme wants a demo", "no budget"));
        assert!(some > none + 0.2, "{some} {none}");
        assert!(vector("", 3).iter().chain(&vector("?!", 3)).any(|number| *number != 0.0));
    }
}
