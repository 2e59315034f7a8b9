//! A stream of Converse that follows the stream of the model behind this server.

use std::collections::VecDeque;
use std::time::Duration;

use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use tokio::time::timeout;

use crate::cut::{BodyError, ResponseBody};
use crate::frames::FrameError;
use crate::sse::SseSplitter;
use crate::stream::StreamTranslator;

/// A stream that follows the model's.
pub(super) struct Following {
    pub(super) incoming: Incoming,
    pub(super) patience: Duration,
    pub(super) splitter: SseSplitter,
    pub(super) translator: StreamTranslator,
    pub(super) ready: VecDeque<Bytes>,
}

impl Following {
    pub(super) fn into_body(self) -> ResponseBody {
        let frames = futures_util::stream::try_unfold(self, |mut this| async move {
            loop {
                if let Some(frame) = this.ready.pop_front() {
                    return Ok(Some((Frame::data(frame), this)));
                }
                if this.translator.is_done() {
                    return Ok::<_, BodyError>(None);
                }
                this.advance().await?;
            }
        });
        StreamBody::new(frames).boxed_unsync()
    }

    async fn advance(&mut self) -> Result<(), FrameError> {
        let Following { incoming, patience, splitter, translator, ready } = self;
        match timeout(*patience, incoming.frame()).await {
            Ok(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                for event in splitter.push(&data) {
                    translator.on_data(&event, ready)?;
                }
                Ok(())
            }
            Ok(None) => {
                if let Some(event) = splitter.finish() {
                    translator.on_data(&event, ready)?;
                }
                translator.on_end(ready)
            }
            Ok(Some(Err(_))) => translator.fail("The model's stream broke off.", 502, ready),
            Err(_) => translator.fail("The model's stream stalled.", 408, ready),
        }
    }
}
