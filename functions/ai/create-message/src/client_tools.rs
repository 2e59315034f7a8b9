//! Anthropic's own tools that the caller carries out: a shell, an editor of files, a memory and a computer. Anthropic's API
//! gives the model their schemas, so that requests have none. Here they become ordinary functions with the arguments that
//! Anthropic documents, so that every model can call them.
//! <https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview>

use crate::members::Members;
use serde_json::{Map, Value, json};

/// A tool of the caller whose arguments Anthropic defines.
pub(crate) struct ClientTool {
    /// The text that tells the model what the tool does.
    pub(crate) description: String,
    /// The JSON Schema of the arguments.
    pub(crate) parameters: Value,
}

/// The tool of this type. Its options are taken out of the other members of the request's tool,
/// and wrong ones are noted. `None` for any other type.
pub(crate) fn client_tool(kind: &str, members: &mut Members<'_>) -> Option<ClientTool> {
    Some(match kind {
        "bash_20241022" | "bash_20250124" => bash(),
        "text_editor_20241022" | "text_editor_20250124" => editor(true, "new_str", None),
        "text_editor_20250429" => editor(false, "new_str", None),
        "text_editor_20250728" => {
            editor(false, "insert_text", members.optional_whole_number("max_characters"))
        }
        "memory_20250818" => memory(),
        "computer_20241022" => computer(&[], members),
        "computer_20250124" => computer(&NEWER_ACTIONS, members),
        "computer_20251124" => {
            let zooms = members.flag("enable_zoom");
            let actions: Vec<&str> = NEWER_ACTIONS.into_iter().chain(zooms.then_some("zoom")).collect();
            computer(&actions, members)
        }
        _ => return None,
    })
}

fn bash() -> ClientTool {
    ClientTool {
        description: "Runs a command in a shell that keeps its state between calls. Give `command`, or \
                      `restart` to begin a new shell."
            .to_owned(),
        parameters: json!({"type": "object", "properties": {
            "command": {"type": "string", "description": "The command to run."},
            "restart": {"type": "boolean", "description": "Begins a new shell instead of running a command."},
        }}),
    }
}

fn editor(can_undo: bool, inserted: &str, longest_view: Option<u64>) -> ClientTool {
    let mut commands = vec!["view", "create", "str_replace", "insert"];
    if can_undo {
        commands.push("undo_edit");
    }
    let cut = longest_view
        .map(|characters| format!(" A view is cut after {characters} characters."))
        .unwrap_or_default();
    let mut properties = file_properties(&commands);
    properties.insert(
        inserted.to_owned(),
        text("For `insert`, the text to insert; where `new_str`, also the new text for `str_replace`."),
    );
    ClientTool {
        description: format!(
            "Views, creates and edits text files. `view` shows a file with line numbers, or lists a folder.{cut}"
        ),
        parameters: json!({"type": "object", "properties": properties, "required": ["command", "path"]}),
    }
}

fn memory() -> ClientTool {
    let mut properties = file_properties(&["view", "create", "str_replace", "insert", "delete", "rename"]);
    for (name, what) in [
        ("insert_text", "For `insert`, the text to insert."),
        ("old_path", "For `rename`, the path until now."),
        ("new_path", "For `rename`, the new path."),
    ] {
        properties.insert(name.to_owned(), text(what));
    }
    ClientTool {
        description:
            "Keeps notes between conversations as files below /memories. View that folder before you begin, \
                      and write down what later conversations need."
                .to_owned(),
        parameters: json!({"type": "object", "properties": properties, "required": ["command"]}),
    }
}

/// The arguments of tools that work on files.
fn file_properties(commands: &[&str]) -> Map<String, Value> {
    let properties = [
        ("command", json!({"type": "string", "enum": commands})),
        ("path", text("The path of the file or folder.")),
        ("file_text", text("For `create`, the content of the file.")),
        ("old_str", text("For `str_replace`, the text to replace. It must be in the file exactly once.")),
        ("new_str", text("For `str_replace`, the new text.")),
        (
            "insert_line",
            json!({"type": "integer", "minimum": 0, "description": "For `insert`, the line after which the text is inserted; 0 for the beginning."}),
        ),
        (
            "view_range",
            json!({"type": "array", "items": {"type": "integer"}, "description": "For `view` of a file, the first and the last line, counted from 1; -1 for the end."}),
        ),
    ];
    properties.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// The actions of every version of the computer.
const ACTIONS: [&str; 10] = [
    "key",
    "type",
    "mouse_move",
    "left_click",
    "left_click_drag",
    "right_click",
    "middle_click",
    "double_click",
    "screenshot",
    "cursor_position",
];
/// The actions of newer versions.
const NEWER_ACTIONS: [&str; 6] =
    ["left_mouse_down", "left_mouse_up", "scroll", "hold_key", "wait", "triple_click"];

fn computer(more: &[&str], members: &mut Members<'_>) -> ClientTool {
    let mut pixels = |name| {
        let pixels = members.whole_number(name);
        if pixels == Some(0) {
            members.wrong(name, "range", "must be at least 1");
        }
        pixels.unwrap_or_default()
    };
    let (width, height) = (pixels("display_width_px"), pixels("display_height_px"));
    members.optional_whole_number("display_number");
    let actions: Vec<&str> = ACTIONS.into_iter().chain(more.iter().copied()).collect();
    let point = |what: &str| json!({"type": "array", "items": {"type": "integer"}, "description": what});
    ClientTool {
        description: format!(
            "Uses a computer with a mouse and a keyboard and looks at its screen of {width} x {height} pixels. Take a \
             screenshot before you act and after each step."
        ),
        parameters: json!({"type": "object", "required": ["action"], "properties": {
            "action": {"type": "string", "enum": actions},
            "coordinate": point("The point [x, y] in pixels from the left and from the top, for actions of the mouse."),
            "start_coordinate": point("The point [x, y] at which `left_click_drag` begins."),
            "region": point("For `zoom`, the corners [x0, y0, x1, y1] of the part of the screen."),
            "text": text("For `type` the text, for `key` and `hold_key` the keys, such as `ctrl+s`."),
            "duration": {"type": "number", "description": "For `hold_key` and `wait`, in seconds."},
            "scroll_direction": {"type": "string", "enum": ["up", "down", "left", "right"]},
            "scroll_amount": {"type": "integer", "minimum": 0, "description": "For `scroll`, the clicks of the wheel."},
        }}),
    }
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}
