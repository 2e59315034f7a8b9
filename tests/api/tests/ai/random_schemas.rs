//! A thousand random schemas of tools: none ends as a failure of the service, and none closes a model to another
//! organization.

use super::{NOVA, Scene, question};
use ports::{ModelError, StopReason, ToolCall};
use serde_json::{Map, Value, json};

/// Numbers that look random and are the same each time (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn schema(&mut self, depth: usize) -> Value {
        let mut members = Map::new();
        let kinds = ["object", "array", "string", "integer", "number", "boolean", "null", "thing"];
        if self.below(10) > 0 {
            members.insert("type".to_owned(), json!(self.pick(&kinds)));
        }
        for _ in 0..self.below(5) {
            let (keyword, value) = self.keyword(depth);
            members.insert(keyword.to_owned(), value);
        }
        Value::Object(members)
    }

    fn keyword(&mut self, depth: usize) -> (&'static str, Value) {
        let inner = |random: &mut Self| if depth == 0 { json!({}) } else { random.schema(depth - 1) };
        match self.below(16) {
            0..4 => {
                let names = ["a", "b", "größe", "$ref", "", "type", "x y", "properties"];
                let named = (0..self.below(4)).map(|_| (self.pick(&names).to_owned(), inner(self)));
                ("properties", Value::Object(named.collect()))
            }
            4 => ("required", json!([self.pick(&["a", "b", "missing"])])),
            5 => ("additionalProperties", json!(self.below(2) == 0)),
            6 => ("items", inner(self)),
            7 => (self.pick_keyword(), json!([inner(self), inner(self)])),
            8 => ("enum", json!([self.below(3), "a", null])),
            9 => ("pattern", json!(self.pick(&["^a+$", "(", "(a|a)*b", "(?=x)", "\\d{1000}"]))),
            10 => ("$ref", json!(self.pick(&["#", "#/$defs/A", "#/properties/a", "https://x.example/a"]))),
            11 => ("$defs", json!({"A": inner(self)})),
            12 => ("minimum", json!(self.below(9))),
            13 => ("maxLength", json!(self.below(3))),
            14 => ("not", inner(self)),
            _ => ("description", json!("A text with \u{1f3af} and \"quotes\".")),
        }
    }

    fn pick_keyword(&mut self) -> &'static str {
        ["anyOf", "oneOf", "allOf"][self.below(3)]
    }
}

/// A request with this tool, in one wire format after the other.
fn request(number: usize, parameters: &Value, strict: bool) -> (&'static str, Value) {
    let name = format!("tool-{number}.x");
    let turns = json!([{"role": "user", "content": "x"}]);
    match number % 3 {
        0 => {
            let function = json!({"name": name, "parameters": parameters, "strict": strict});
            let tools = json!([{"type": "function", "function": function}]);
            ("createChatCompletion", json!({"model": NOVA, "messages": turns, "tools": tools}))
        }
        1 => {
            let tools =
                json!([{"type": "function", "name": name, "parameters": parameters, "strict": strict}]);
            ("createResponse", json!({"model": NOVA, "input": "x", "tools": tools}))
        }
        _ => {
            let tools = json!([{"name": name, "input_schema": parameters, "strict": strict}]);
            ("createMessage", json!({"model": NOVA, "max_tokens": 500, "messages": turns, "tools": tools}))
        }
    }
}

#[tokio::test]
async fn no_schema_of_a_tool_is_a_failure_of_the_service() {
    let scene = Scene::start().await;
    let script = &scene.world.model().script;
    let mut random = Random(8);
    let mut answered = 0;
    for number in 0..1000 {
        scene.world.pass(2);
        let mut parameters = random.schema(4);
        if random.below(4) > 0 {
            parameters["type"] = json!("object");
        }
        let (operation, body) = request(number, &parameters, random.below(2) == 0);
        // The model calls the tool, writes nonsense, or its provider refuses the schema.
        let call = ToolCall {
            id: "c".to_owned(),
            name: format!("tool-{number}.x"),
            arguments: "{\"a\": 1}".to_owned(),
        };
        let calls = ports::ModelAnswer {
            reasoning: Vec::new(),
            text: String::new(),
            tool_calls: vec![call],
            stop: StopReason::ToolCalls,
            usage: None,
        };
        let malformed =
            || ports::ModelAnswer { tool_calls: Vec::new(), stop: StopReason::Malformed, ..calls.clone() };
        match random.below(100) {
            0..33 => (0..3).for_each(|_| script.script(Ok(calls.clone()))),
            33..64 => (0..3).for_each(|_| script.script(Ok(malformed()))),
            // Half a second passes before the same model is asked again.
            64..66 => (0..3).for_each(|_| script.script(Err(ModelError::MalformedAnswer("nonsense".into())))),
            _ => script.script(Err(ModelError::Refused("the schema".into()))),
        }
        let answer = scene.ask(operation, &body).await;
        assert!(answer.status < 500, "{} {}: {}", answer.status, body["tools"], answer.body);
        answered += usize::from(answer.status == 200);
        script.forget();
    }
    assert!(answered > 50, "{answered}");
    // Another organization still gets an answer of the same model.
    script.answer("A wren.");
    let other = scene.world.admin().await;
    let body = question("Name a bird.");
    let answer =
        scene.world.call("createChatCompletion").by(&other).json(&body).send().await.expect(200).json();
    assert_eq!(
        (&answer["model"], &answer["choices"][0]["message"]["content"]),
        (&json!(NOVA), &json!("A wren."))
    );
}
