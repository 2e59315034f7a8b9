//! Pictures and documents by URL: fetched before a model is asked, in every format, whole and streamed, and refused with
//! the caller's names. The guard of the addresses is tested in `adapter-remote-files`.

use super::{NOVA, Scene};
use ports::{ContentBlock, Image, ImageFormat, RemoteFileError};
use serde_json::{Value, json};

const URL: &str = "https://pictures.example/a.png?signature=secret";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n one";
const GIF: &[u8] = b"GIF89a two";
const PDF: &[u8] = b"%PDF-1.7";

/// A way to name a picture by URL.
struct PictureForm {
    operation: &'static str,
    /// The caller's name of the URL.
    field: &'static str,
    body: fn(&str) -> Value,
}

/// Each format, with the picture in a turn of the user.
const IN_TURNS: [PictureForm; 3] = [
    PictureForm {
        operation: "createChatCompletion",
        field: "messages.1.content.1.image_url.url",
        body: |url| {
            json!({"model": NOVA, "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
            ]}]})
        },
    },
    PictureForm {
        operation: "createResponse",
        field: "input.0.content.1.image_url",
        body: |url| {
            json!({"model": NOVA, "input": [{"role": "user", "content": [
                {"type": "input_text", "text": "What is it?"}, {"type": "input_image", "image_url": url},
            ]}]})
        },
    },
    PictureForm {
        operation: "createMessage",
        field: "messages.0.content.1.source.url",
        body: |url| {
            json!({"model": NOVA, "max_tokens": 100, "messages": [{"role": "user", "content": [
                {"type": "text", "text": "What is it?"}, {"type": "image", "source": {"type": "url", "url": url}},
            ]}]})
        },
    },
];

/// Each format, with the picture in the result of a tool.
const IN_RESULTS: [PictureForm; 3] = [
    PictureForm {
        operation: "createChatCompletion",
        field: "messages.2.content.0.image_url.url",
        body: |url| {
            let call =
                json!({"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}});
            json!({"model": NOVA, "messages": [
                {"role": "user", "content": "Look."}, {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "content": [{"type": "image_url", "image_url": {"url": url}}]},
            ]})
        },
    },
    PictureForm {
        operation: "createResponse",
        field: "input.2.output.0.image_url",
        body: |url| {
            json!({"model": NOVA, "input": [
                {"role": "user", "content": "Look."},
                {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c",
                    "output": [{"type": "input_image", "image_url": url}]},
            ]})
        },
    },
    PictureForm {
        operation: "createMessage",
        field: "messages.2.content.0.content.0.source.url",
        body: |url| {
            json!({"model": NOVA, "max_tokens": 100, "messages": [
                {"role": "user", "content": "Look."},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "look", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": [
                    {"type": "image", "source": {"type": "url", "url": url}},
                ]}]},
            ]})
        },
    },
];

impl Scene {
    /// The pictures that the model got last.
    fn seen(&self) -> Vec<Image> {
        let call = self.world.model().script.calls().pop().unwrap();
        let blocks = call.messages.iter().flat_map(|message| &message.content);
        let images = blocks.flat_map(ContentBlock::with_inner).filter_map(|block| match block {
            ContentBlock::Image(image) => Some(image.clone()),
            _ => None,
        });
        images.collect()
    }

    /// The text of a refusal.
    async fn refused(&self, operation: &str, body: &Value) -> String {
        let refused = self.ask(operation, body).await.problem(400, "invalid_request");
        assert!(!refused.body.contains("secret"), "{}", refused.body);
        let error = refused.json()["error"].clone();
        let message = error["message"].as_str().unwrap();
        match error["param"].as_str() {
            Some(param) if !message.starts_with(param) => format!("{param}: {message}"),
            _ => message.to_owned(),
        }
    }
}

#[tokio::test]
async fn a_model_gets_the_picture_and_never_the_url() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    scene.world.remote_files().put(URL, PNG);
    for PictureForm { operation, body, .. } in IN_TURNS.iter().chain(&IN_RESULTS) {
        for streamed in [false, true] {
            scene.world.pass(100);
            let mut body = body(URL);
            body["stream"] = json!(streamed);
            let answer = scene.ask(operation, &body).await.expect(200);
            assert!(answer.body.contains("A wren.") || streamed, "{operation}");
            assert_eq!(scene.seen(), [Image { format: ImageFormat::Png, data: PNG.into() }], "{operation}");
        }
    }
    let fetches = scene.world.remote_files().fetches();
    assert_eq!((fetches.len(), scene.asked()), (12, 12));
    assert!(fetches.iter().all(|(url, _)| url == URL));
    // As many bytes as a body has room for in base64, and 5 seconds.
    assert!(fetches.iter().all(|(_, limits)| limits.bytes == 1_572_864 && limits.time.as_secs() == 5));
    let prompts = format!("{:?}", scene.world.model().script.asked());
    assert!(!prompts.contains("pictures.example"), "{prompts}");
}

#[tokio::test]
async fn a_picture_that_can_t_be_fetched_is_refused_by_its_name_in_the_body() {
    let scene = Scene::start().await;
    for PictureForm { operation, field, body } in IN_TURNS.iter().chain(&IN_RESULTS) {
        for (error, words) in [
            (RemoteFileError::Url, "must be an https URL of at most 4,096 characters"),
            (
                RemoteFileError::Unreachable,
                "could not be fetched from a public host with a valid certificate within 5 seconds",
            ),
            (RemoteFileError::Redirect, "redirects, which is not followed"),
            (RemoteFileError::Status, "could not be fetched: its host does not answer with status 200"),
            (RemoteFileError::TooLarge, "is too large: files by URL may have 1.5 MiB"),
        ] {
            scene.world.pass(100);
            scene.world.remote_files().fail(URL, error);
            let refusal = scene.refused(operation, &body(URL)).await;
            assert!(refusal.starts_with(&format!("{field}: {words}")), "{refusal}");
        }
        scene.world.pass(100);
        scene.world.remote_files().put(URL, "<svg/>");
        let refusal = scene.refused(operation, &body(URL)).await;
        assert_eq!(refusal, format!("{field}: must be a picture in PNG, JPEG, GIF or WebP"));
        let fetched = scene.world.remote_files().fetches().len();
        let refusal = scene.refused(operation, &body("http://pictures.example/?secret")).await;
        assert!(refusal.starts_with(&format!("{field}: must be an https URL, or a data: URL")), "{refusal}");
        assert_eq!(scene.world.remote_files().fetches().len(), fetched);
    }
    assert_eq!(scene.asked(), 0);
    assert!(scene.world.events("ai_request_metered").await.is_empty());
}

#[tokio::test]
async fn files_are_fetched_at_the_same_time_and_each_once() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    scene.world.remote_files().put(URL, PNG);
    scene.world.remote_files().put("https://pictures.example/b.gif", GIF);
    let picture = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let body = |urls: &[&str]| {
        let parts: Vec<Value> = urls.iter().map(|url| picture(url)).collect();
        json!({"model": NOVA, "messages": [{"role": "user", "content": parts}]})
    };
    let urls = [URL, "https://pictures.example/b.gif", URL];
    scene.ask("createChatCompletion", &body(&urls)).await.expect(200);
    let formats: Vec<ImageFormat> = scene.seen().iter().map(|image| image.format).collect();
    assert_eq!(formats, [ImageFormat::Png, ImageFormat::Gif, ImageFormat::Png]);
    assert_eq!(scene.world.remote_files().fetches().len(), 2);
    assert_eq!(scene.world.remote_files().most_running(), 2);
    scene.ask("createChatCompletion", &body(&[URL; 8])).await.expect(200);
    let refusal = scene.refused("createChatCompletion", &body(&[URL; 9])).await;
    assert_eq!(
        refusal,
        "messages.0.content.8.image_url.url: is one too many: at most 8 files of a request may be named by URL"
    );
    // Each picture that is missing is named.
    let urls = ["https://a.example/1", URL, "https://a.example/2"];
    let refusal = scene.refused("createChatCompletion", &body(&urls)).await;
    for (at, is_named) in [(0, true), (1, false), (2, true)] {
        assert_eq!(
            refusal.contains(&format!("messages.0.content.{at}.image_url.url")),
            is_named,
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn no_host_is_asked_for_a_request_that_is_refused_anyway() {
    let scene = Scene::start().await;
    scene.world.remote_files().put(URL, PNG);
    for PictureForm { operation, body, .. } in &IN_TURNS {
        let mut wrong = body(URL);
        wrong["temperature"] = json!(7);
        assert!(scene.refused(operation, &wrong).await.starts_with("temperature"));
        let mut blind = body(URL);
        blind["model"] = json!("self-hosted");
        assert!(scene.refused(operation, &blind).await.contains("this model takes no pictures"));
        let mut unknown = body(URL);
        unknown["model"] = json!("no-such-model");
        let answer = scene.world.call(operation).by(&scene.person).json(&unknown).send().await;
        assert_eq!(answer.status, 404, "{operation}");
        scene.world.call(operation).json(&body(URL)).send().await.problem(401, "unauthenticated");
    }
    assert!(scene.world.remote_files().fetches().is_empty());
}

#[tokio::test]
async fn a_request_with_files_by_url_counts_before_they_are_fetched_and_once_more() {
    let scene = Scene::start().await;
    scene.world.model().script.always("Fine.");
    scene.world.remote_files().put(URL, PNG);
    let body = (IN_TURNS[0].body)(URL);
    let left = |answer: &api_tests::Answer| answer.number("x-ratelimit-remaining-requests");
    let first = left(&scene.ask("createChatCompletion", &super::question("x")).await.expect(200));
    let second = left(&scene.ask("createChatCompletion", &body).await.expect(200));
    assert_eq!(first - second, 2);
    while left(&scene.ask("createChatCompletion", &super::question("x")).await.expect(200)) > 0 {}
    let fetched = scene.world.remote_files().fetches().len();
    scene.ask("createChatCompletion", &body).await.problem(429, "rate_limited");
    assert_eq!(scene.world.remote_files().fetches().len(), fetched);
}

#[tokio::test]
async fn the_cache_knows_a_picture_by_its_bytes() {
    let scene = Scene::start().await;
    scene.world.model().script.always("A wren.");
    let other = "https://elsewhere.example/b.png";
    scene.world.remote_files().put(URL, b"\x89PNG\r\n\x1a\n".as_slice());
    scene.world.remote_files().put(other, b"\x89PNG\r\n\x1a\n".as_slice());
    let ask = async |url: &str| {
        let mut body = (IN_TURNS[0].body)(url);
        body["temperature"] = json!(0);
        let answer = scene.ask("createChatCompletion", &body).await.expect(200);
        answer.header("x-sextant-cache").unwrap().to_owned()
    };
    assert_eq!(ask(URL).await, "miss");
    for same in [URL, other, "data:image/png;base64,iVBORw0KGgo="] {
        assert_eq!(ask(same).await, "hit", "{same}");
    }
    scene.world.remote_files().put(URL, PNG);
    assert_eq!((ask(URL).await.as_str(), scene.asked()), ("miss", 2));
}

#[tokio::test]
async fn a_pdf_may_be_named_by_url() {
    let scene = Scene::start().await;
    scene.world.model().script.always("An offer.");
    let responses = json!({"model": NOVA, "input": [{"role": "user", "content": [
        {"type": "input_text", "text": "Sum up."},
        {"type": "input_file", "file_url": URL, "filename": "offer.pdf"},
    ]}]});
    let messages = json!({"model": NOVA, "max_tokens": 100, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "Sum up."},
        {"type": "document", "title": "offer", "source": {"type": "url", "url": URL}},
    ]}]});
    for (operation, body, field) in [
        ("createResponse", responses, "input.0.content.1.file_url"),
        ("createMessage", messages, "messages.0.content.1.source.url"),
    ] {
        scene.world.remote_files().put(URL, PDF);
        scene.ask(operation, &body).await.expect(200);
        let call = scene.world.model().script.calls().pop().unwrap();
        let [ContentBlock::Text(_), ContentBlock::Document(pdf)] = &call.messages[0].content[..] else {
            panic!("{:?}", call.messages[0])
        };
        assert_eq!((pdf.name.as_str(), &*pdf.data), ("offer", PDF));
        scene.world.remote_files().put(URL, "<html>");
        let refusal = scene.refused(operation, &body).await;
        assert_eq!(refusal, format!("{field}: must be a PDF: send other documents in base64"));
    }
}
