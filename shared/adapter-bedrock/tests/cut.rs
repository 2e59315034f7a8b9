//! Streams that break off. A stream that is cut at any byte ends with an error, unless it was cut after the event with
//! the stop reason: then everything has arrived except perhaps the counts. Bodies are handed to the SDK without a
//! connection, because there are thousands of them.

use crate::support::{call, config, frames};
use adapter_aws::SdkConfig;
use adapter_bedrock::BedrockGateway;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use ports::{Delta, ModelCall, ModelError, StreamingModelGateway};
use serde_json::json;
use std::io;
use std::sync::{Arc, Mutex};

const TEXT: &str = include_str!("fixtures/stream-claude-text.jsonl");
const SCHEMA: &str = include_str!("fixtures/stream-claude-tool.jsonl");
const SCHEMA_OF_NOVA: &str = include_str!("fixtures/stream-nova-tool.jsonl");
const REASONING_AND_TOOLS: &str = include_str!("fixtures/stream-claude-reasoning-tools.jsonl");
const MALFORMED: &str = include_str!("fixtures/stream-nova-malformed-tool-use.jsonl");
const GUARDRAIL: &str = include_str!("fixtures/stream-guardrail.jsonl");

/// The way in which a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    /// Like a whole one.
    Clean,
    /// With an error of the connection.
    Reset,
}

/// Answers the next request with the body that the test left here.
#[derive(Debug, Clone, Default)]
struct Wire(Arc<Mutex<Option<SdkBody>>>);

impl HttpConnector for Wire {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let body = self.0.lock().unwrap().take().unwrap();
        let mut response = HttpResponse::new(200.try_into().unwrap(), body);
        response.headers_mut().insert("content-type", "application/vnd.amazon.eventstream");
        HttpConnectorFuture::ready(Ok(response))
    }
}

struct Reader {
    wire: Wire,
    gateway: BedrockGateway,
    call: ModelCall,
}

impl Reader {
    fn new(call: ModelCall) -> Self {
        let wire = Wire::default();
        let connector = SharedHttpConnector::new(wire.clone());
        let config: SdkConfig = config("http://127.0.0.1:9");
        let client = http_client_fn(move |_, _| connector.clone());
        let gateway = BedrockGateway::new(&config.to_builder().http_client(client).build());
        Self { wire, gateway, call }
    }

    /// Everything that a body of these pieces says.
    async fn told<'a>(
        &self,
        pieces: impl IntoIterator<Item = &'a [u8]>,
        end: BodyEnd,
    ) -> Vec<Result<Delta, ModelError>> {
        let frames = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece))));
        let reset = (end == BodyEnd::Reset).then(|| Err(io::Error::from(io::ErrorKind::ConnectionReset)));
        let frames: Vec<io::Result<Frame<Bytes>>> = frames.chain(reset).collect();
        let body = SdkBody::from_body_1_x(StreamBody::new(stream::iter(frames)));
        *self.wire.0.lock().unwrap() = Some(body);
        // The first event is read together with the head.
        match self.gateway.converse_stream(&self.call).await {
            Ok(stream) => stream.collect().await,
            Err(error) => vec![Err(error)],
        }
    }

    /// The parts of the whole stream.
    async fn whole(&self, wire: &[u8]) -> Vec<Delta> {
        let parts: Vec<Delta> =
            self.told([wire], BodyEnd::Clean).await.into_iter().map(Result::unwrap).collect();
        assert!(parts.len() > 1 && matches!(parts.last(), Some(Delta::End { .. })), "{parts:?}");
        parts
    }
}

/// The readers and streams of each kind.
fn recorded() -> Vec<(Reader, &'static str)> {
    let structured =
        || ModelCall { output_schema: Some(json!({"type": "object", "required": ["score"]})), ..call() };
    vec![
        (Reader::new(call()), TEXT),
        (Reader::new(structured()), SCHEMA),
        (Reader::new(structured()), SCHEMA_OF_NOVA),
        (Reader::new(call()), REASONING_AND_TOOLS),
        (Reader::new(call()), MALFORMED),
        (Reader::new(call()), GUARDRAIL),
    ]
}

/// The number of bytes until the event with the stop reason has arrived.
fn finished_at(events: &str) -> usize {
    let place = events.lines().position(|line| line.starts_with("{\"messageStop\"")).unwrap();
    frames(events)[..=place].concat().len()
}

#[tokio::test]
async fn a_stream_that_is_cut_at_any_byte_ends_with_an_error_or_has_everything() {
    for (reader, events) in recorded() {
        let wire = frames(events).concat();
        let whole = reader.whole(&wire).await;
        let Some((Delta::End { stop, usage }, content)) = whole.split_last() else { panic!("{events}") };
        let finished = finished_at(events);
        for cut in 0..wire.len() {
            let end = if cut % 2 == 0 { BodyEnd::Clean } else { BodyEnd::Reset };
            let mut parts = reader.told([&wire[..cut]], end).await;
            let last = parts.pop().expect("an end");
            let parts: Vec<Delta> = parts.into_iter().map(Result::unwrap).collect();
            assert!(content.starts_with(&parts), "at {cut}, {end:?}: {parts:?} of {events}");
            match last {
                Err(ModelError::Lost(_)) => assert!(cut < finished, "at {cut}, {end:?} of {events}"),
                Ok(Delta::End { stop: told, usage: counted }) => {
                    assert!(cut >= finished, "at {cut}, {end:?} it looks whole: {events}");
                    assert_eq!((parts.as_slice(), told), (content, *stop), "at {cut}, {end:?} of {events}");
                    assert!(counted.is_none() || counted == *usage, "at {cut}, {end:?} of {events}");
                }
                other => panic!("at {cut}, {end:?} of {events}: {other:?}"),
            }
        }
    }
}

/// Between two events nothing is wrong with the bytes themselves, so each kind of end is tried there.
#[tokio::test]
async fn a_stream_that_is_cut_between_two_events_ends_with_an_error() {
    for (reader, events) in recorded() {
        let all = frames(events);
        let finished = finished_at(events);
        for count in 0..all.len() {
            let wire = all[..count].concat();
            for end in [BodyEnd::Clean, BodyEnd::Reset] {
                let parts = reader.told([wire.as_slice()], end).await;
                let is_whole = matches!(parts.last(), Some(Ok(Delta::End { .. })));
                assert_eq!(is_whole, wire.len() >= finished, "{count} events, {end:?} of {events}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_says_the_same_in_whatever_pieces_it_arrives() {
    let mut random: u64 = 7;
    for (reader, events) in recorded() {
        let wire = frames(events).concat();
        let whole = reader.whole(&wire).await;
        let mut splits: Vec<Vec<&[u8]>> = vec![wire.chunks(1).collect()];
        for _ in 0..20 {
            let (mut pieces, mut rest) = (Vec::new(), wire.as_slice());
            while !rest.is_empty() {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let size = 1 + usize::try_from(random >> 33).unwrap() % 300;
                let (piece, after) = rest.split_at(size.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            splits.push(pieces);
        }
        for pieces in splits {
            let parts: Vec<Delta> =
                reader.told(pieces, BodyEnd::Clean).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(parts, whole, "{events}");
        }
    }
}
