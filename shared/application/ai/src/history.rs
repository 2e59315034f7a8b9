//! Turns of a conversation as providers take them: each call of a tool has its result in the next turn, and turns of one
//! speaker are one turn.

use domain::field::{FieldChecks, InvalidFields};
use ports::{ContentBlock, Message, Role};

/// The most characters of the id of a call.
const LONGEST_ID: usize = 512;

/// Checks that each call of a tool is followed by its result, and each result follows its call. Turns are numbered as
/// the caller sent them; several turns of one speaker after each other count as one.
pub(super) fn check_tool_history(messages: &[Message]) -> Result<(), InvalidFields> {
    let mut check = FieldChecks::default();
    // The calls of the model's last turn without a result, each with its field.
    let mut open: Vec<(&str, String)> = Vec::new();
    let mut speaker = Role::User;
    for (at, message) in messages.iter().enumerate() {
        if message.role == Role::Assistant && speaker == Role::User {
            refuse_open(&mut check, &mut open);
        }
        speaker = message.role;
        for (place, block) in message.content.iter().enumerate() {
            let field = format!("messages.{at}.content.{place}");
            match block {
                ContentBlock::ToolCall(call) if message.role == Role::Assistant => {
                    check.line(&field, &call.id, LONGEST_ID);
                    if open.iter().any(|(id, _)| *id == call.id) {
                        check.wrong(&field, "taken", "must not have the id of another call of this turn");
                    }
                    open.push((&call.id, field));
                }
                ContentBlock::ToolResult(result) if message.role == Role::User => {
                    match open.iter().position(|(id, _)| *id == result.call_id) {
                        Some(found) => drop(open.swap_remove(found)),
                        None => check.wrong(
                            &field,
                            "unknown",
                            "must be the result of a call in the turn before it",
                        ),
                    }
                }
                ContentBlock::ToolCall(_) => {
                    check.wrong(&field, "format", "must stand in a turn of the model")
                }
                ContentBlock::ToolResult(_) => {
                    check.wrong(&field, "format", "must stand in a turn of the caller")
                }
                ContentBlock::Text(_)
                | ContentBlock::Reasoning(_)
                | ContentBlock::Image(_)
                | ContentBlock::Document(_) => {}
            }
        }
    }
    refuse_open(&mut check, &mut open);
    check.finish(())
}

fn refuse_open(check: &mut FieldChecks, open: &mut Vec<(&str, String)>) {
    for (_, field) in open.drain(..) {
        check.wrong(&field, "required", "must have its result in the next turn");
    }
}

/// Providers need alternating turns, so neighbouring turns of one speaker become one turn. Its parts stay apart. Results
/// of tools come first, because providers need them there. A turn with reasoning keeps its order, because its model wrote it
/// so and refuses another one.
pub(super) fn merged(messages: Vec<Message>) -> Vec<Message> {
    let mut turns: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages {
        match turns.last_mut() {
            Some(last) if last.role == message.role => last.content.extend(message.content),
            _ => turns.push(message),
        }
    }
    let is_reasoning = |block: &ContentBlock| matches!(block, ContentBlock::Reasoning(_));
    for turn in turns.iter_mut().filter(|turn| !turn.content.iter().any(is_reasoning)) {
        turn.content.sort_by_key(|block| match block {
            ContentBlock::ToolResult(_) => 0,
            ContentBlock::ToolCall(_) => 2,
            ContentBlock::Text(_)
            | ContentBlock::Reasoning(_)
            | ContentBlock::Image(_)
            | ContentBlock::Document(_) => 1,
        });
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use ports::{ReasoningContent, ToolCall, ToolResult};

    fn call(id: &str) -> Message {
        let call = ToolCall { id: id.to_owned(), name: "t".to_owned(), arguments: "{}".to_owned() };
        Message { role: Role::Assistant, content: vec![ContentBlock::ToolCall(call)] }
    }

    fn result(id: &str) -> Message {
        let result = ToolResult { call_id: id.to_owned(), content: Vec::new(), is_error: false };
        Message { role: Role::User, content: vec![ContentBlock::ToolResult(result)] }
    }

    fn said(role: Role) -> Message {
        Message::text(role, "x")
    }

    fn wrong(messages: &[Message]) -> Vec<(String, &'static str)> {
        let wrong = check_tool_history(messages).err().map(|InvalidFields(wrong)| wrong).unwrap_or_default();
        wrong.into_iter().map(|it| (it.field, it.code)).collect()
    }

    #[test]
    fn a_call_has_its_result_in_the_next_turn() {
        let user = || said(Role::User);
        let good = [user(), call("a"), call("b"), result("b"), result("a"), user(), said(Role::Assistant)];
        assert_eq!(wrong(&good), []);
        assert_eq!(wrong(&[user(), call("a"), call("a"), result("a"), result("a")])[0].1, "taken");
        let field = |at: usize| format!("messages.{at}.content.0");
        assert_eq!(wrong(&[user(), result("a")]), [(field(1), "unknown")]);
        assert_eq!(wrong(&[user(), call("a"), user()]), [(field(1), "required")]);
        assert_eq!(wrong(&[user(), call("a")]), [(field(1), "required")]);
        let late = [user(), call("a"), user(), said(Role::Assistant), result("a")];
        assert_eq!(wrong(&late), [(field(1), "required"), (field(4), "unknown")]);
        let exchanged = Message { role: Role::User, ..call("a") };
        assert_eq!(wrong(&[exchanged]), [(field(0), "format")]);
    }

    #[test]
    fn neighbouring_turns_become_one_and_keep_their_parts() {
        let turns =
            merged(vec![said(Role::User), said(Role::User), call("a"), said(Role::User), result("a")]);
        let kinds: Vec<usize> = turns.iter().map(|turn| turn.content.len()).collect();
        assert_eq!(kinds, [2, 1, 2]);
        assert!(matches!(turns[2].content[0], ContentBlock::ToolResult(_)));
    }

    #[test]
    fn a_turn_with_reasoning_keeps_its_order() {
        let thought = || ContentBlock::Reasoning(ReasoningContent::Redacted("AQI=".to_owned()));
        let thinks = Message { role: Role::Assistant, content: vec![thought()] };
        let turns =
            merged(vec![said(Role::User), thinks.clone(), call("a"), said(Role::Assistant), result("a")]);
        let content = &turns[1].content;
        assert!(content[0] == thought() && matches!(content[1], ContentBlock::ToolCall(_)));
        assert!(matches!(content[2], ContentBlock::Text(_)));
    }
}
