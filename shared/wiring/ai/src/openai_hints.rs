//! The values of members of OpenAI's formats that are hints and change nothing here. Other values are refused.

/// The values of OpenAI's wish for a faster or a cheaper answer. All requests are served alike here.
pub const SERVICE_TIERS: [&str; 5] = ["auto", "default", "flex", "scale", "priority"];

/// The values of OpenAI's wish for a short or a long answer. It is a hint that no model of the registry takes, so it changes
/// nothing here.
pub const VERBOSITIES: [&str; 3] = ["low", "medium", "high"];
