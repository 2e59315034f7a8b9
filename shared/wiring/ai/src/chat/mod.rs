//! OpenAI's format of chat completions, for the route and for batches of its requests. It is a mapping and nothing more.

mod answer;
mod lines;
mod names;
mod question;
mod tools;
mod turns;
mod unused;

pub use answer::{CUSTOM, FUNCTION, finish_reason, usage, whole};
pub use lines::chat_lines;
pub use names::Names;
pub use question::{read, reasoning_effort};
