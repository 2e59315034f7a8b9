//! Checks a training file line by line while it is read: each line is a conversation in the form
//! `bedrock-conversation-2024` (docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html,
//! read 2026-11-21). It keeps one line at a time, and reports the number and the fault of a line, never its text.

use super::json_lines::{FileLine, JsonLines};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::marker::PhantomData;

/// The fewest examples. Bedrock recommends 100 for each task; a shorter file teaches nothing and still costs.
pub const FEWEST_RECORDS: u32 = 8;
/// The most examples. A provider with a lower quota refuses the file with a message.
pub const MOST_RECORDS: u32 = 20_000;
/// The longest line, in bytes.
pub const LONGEST_LINE: usize = 512 * 1024;
/// The most wrong lines that are reported.
pub const MOST_FAULTS: usize = 20;

const SCHEMA: &str = "bedrock-conversation-2024";
/// Texts that a prompt must not contain, because the provider fails on them.
const RESERVED: [&str; 7] = ["User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"];

/// The fault of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineProblem {
    /// The line is empty.
    Empty,
    /// It is longer than half a mebibyte.
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// It is not JSON.
    NotJson,
    /// It is JSON of another shape: a member is missing, unknown, repeated, or of another type.
    NotAConversation,
    /// It names another schema.
    Schema,
    /// The turns do not alternate between user and assistant, beginning with the user and ending with the assistant.
    Turns,
    /// A text is blank, or missing.
    BlankText,
    /// A prompt contains a word that the provider reserves.
    ReservedWord,
}

impl LineProblem {
    /// The name in bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::NotAConversation => "not_a_conversation",
            Self::Schema => "schema",
            Self::Turns => "turns",
            Self::BlankText => "blank_text",
            Self::ReservedWord => "reserved_word",
        }
    }
}

/// A wrong line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFault {
    /// The number of the line, from 1.
    pub line: u32,
    /// The fault.
    pub reason: LineProblem,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The number of lines, valid and wrong.
    pub records: u32,
    /// The first wrong lines, at most 20.
    pub faults: Vec<LineFault>,
}

impl FileReport {
    pub(crate) fn too_few(&self) -> bool {
        self.records < FEWEST_RECORDS
    }

    pub(crate) fn too_many(&self) -> bool {
        self.records > MOST_RECORDS
    }

    fn add(&mut self, line: FileLine<'_>) {
        self.records = self.records.saturating_add(1);
        // Further lines would not be reported.
        if self.faults.len() >= MOST_FAULTS {
            return;
        }
        let checked = match line {
            FileLine::Whole(line) => check_line(line),
            FileLine::TooLong => Err(LineProblem::TooLong),
        };
        if let Err(reason) = checked {
            self.faults.push(LineFault { line: self.records, reason });
        }
    }
}

/// A check of a file in pieces.
pub struct FileCheck {
    lines: JsonLines,
    report: FileReport,
}

impl Default for FileCheck {
    fn default() -> Self {
        let report = FileReport { records: 0, faults: Vec::new() };
        Self { lines: JsonLines::new(LONGEST_LINE), report }
    }
}

impl FileCheck {
    /// Checks the next piece of the file.
    pub fn feed(&mut self, piece: &[u8]) {
        let Self { lines, report } = self;
        lines.feed(piece, |line| report.add(line));
    }

    /// The result. The last line need not end with a line feed.
    pub fn finish(self) -> FileReport {
        let Self { lines, mut report } = self;
        lines.finish(|line| report.add(line));
        report
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    #[serde(rename = "schemaVersion")]
    schema_version: String,
    system: Option<Vec<Object<Text>>>,
    messages: Vec<Object<Turn>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    role: Role,
    content: Vec<Object<Text>>,
}

#[derive(Deserialize, PartialEq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Role {
    User,
    Assistant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

/// A value that is written as an object. A derived reader would also accept an array of its members, which the provider
/// does not.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnlyMaps(PhantomData))
    }
}

struct OnlyMaps<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMaps<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Checks one line, without its line feed. A carriage return before the line feed is white space in JSON.
fn check_line(line: &[u8]) -> Result<(), LineProblem> {
    let line = std::str::from_utf8(line).map_err(|_| LineProblem::NotUtf8)?;
    if line.trim().is_empty() {
        return Err(LineProblem::Empty);
    }
    let Object::<Conversation>(conversation) = serde_json::from_str(line).map_err(|error| {
        if error.is_data() { LineProblem::NotAConversation } else { LineProblem::NotJson }
    })?;
    if conversation.schema_version != SCHEMA {
        return Err(LineProblem::Schema);
    }
    let turns = &conversation.messages;
    let expected = [Role::User, Role::Assistant].into_iter().cycle();
    let alternate = turns.iter().zip(expected).all(|(Object(turn), role)| turn.role == role);
    if turns.is_empty() || turns.len() % 2 != 0 || !alternate {
        return Err(LineProblem::Turns);
    }
    let system = conversation.system.as_deref();
    let mut contents = turns.iter().map(|Object(turn)| turn.content.as_slice()).chain(system);
    if contents.any(|texts| texts.is_empty() || texts.iter().any(|Object(text)| text.text.trim().is_empty()))
    {
        return Err(LineProblem::BlankText);
    }
    let asked = turns.iter().filter(|Object(turn)| turn.role == Role::User);
    let asked = asked.map(|Object(turn)| turn.content.as_slice());
    let mut prompts = asked.chain(system).flatten();
    if prompts.any(|Object(prompt)| RESERVED.iter().any(|word| prompt.text.contains(word))) {
        return Err(LineProblem::ReservedWord);
    }
    Ok(())
}
