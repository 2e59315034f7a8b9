//! The events of items of reasoning. Their text is told as a summary, if the request asks for one.

use super::EventWriter;
use crate::answer::{reasoning_item, set_status};
use crate::encrypted;
use contracts::openai::responses::{
    OutputItem, OutputStatus, ResponseEventBody, SummaryPart, SummaryPartEvent,
};
use edge::Problem;
use ports::ReasoningContent;

/// The place of the only summary of an item.
const ONLY_SUMMARY: usize = 0;

impl EventWriter {
    pub(super) fn add_reasoning(&mut self, text: &str) -> Result<(), Problem> {
        self.open_reasoning()?;
        self.reasoning.push_str(text);
        let output_index = self.response.output.len();
        let shows_summary = self.shows_summary;
        let Some(OutputItem::Reasoning { id, summary, .. }) = &mut self.open else { return Ok(()) };
        if !shows_summary {
            return Ok(());
        }
        let item_id = id.clone();
        if summary.is_empty() {
            let part = SummaryPart::of(String::new());
            summary.push(part.clone());
            self.write_summary("response.reasoning_summary_part.added", &item_id, output_index, &part)?;
        }
        if let Some(OutputItem::Reasoning { summary, .. }) = &mut self.open {
            summary.iter_mut().for_each(|part| part.text.push_str(text));
        }
        let delta = ResponseEventBody::SummaryDelta {
            item_id: &item_id,
            output_index,
            summary_index: ONLY_SUMMARY,
            delta: text,
        };
        self.write("response.reasoning_summary_text.delta", delta)
    }

    pub(super) fn sign_reasoning(&mut self, signature: String) -> Result<(), Problem> {
        self.open_reasoning()?;
        let text = std::mem::take(&mut self.reasoning);
        self.end_reasoning(&ReasoningContent::Text { text, signature: Some(signature) })
    }

    pub(super) fn redacted_reasoning(&mut self, data: String) -> Result<(), Problem> {
        self.close(OutputStatus::Completed)?;
        self.open_reasoning()?;
        self.end_reasoning(&ReasoningContent::Redacted(data))
    }

    fn end_reasoning(&mut self, whole: &ReasoningContent) -> Result<(), Problem> {
        if let Some(OutputItem::Reasoning { encrypted_content, .. }) = &mut self.open {
            *encrypted_content = encrypted::encoded(whole);
        }
        self.close(OutputStatus::Completed)
    }

    fn open_reasoning(&mut self) -> Result<(), Problem> {
        if matches!(self.open, Some(OutputItem::Reasoning { .. })) {
            return Ok(());
        }
        self.close(OutputStatus::Completed)?;
        self.reasoning.clear();
        let output_index = self.response.output.len();
        let mut item = reasoning_item(&self.suffix, output_index, None, None);
        set_status(&mut item, OutputStatus::InProgress);
        self.write_item("response.output_item.added", output_index, &item)?;
        self.open = Some(item);
        Ok(())
    }

    /// Writes the end of the summary of an item.
    pub(super) fn end_summary(
        &mut self,
        item_id: &str,
        output_index: usize,
        summary: &[SummaryPart],
    ) -> Result<(), Problem> {
        for part in summary {
            let done = ResponseEventBody::SummaryDone {
                item_id,
                output_index,
                summary_index: ONLY_SUMMARY,
                text: &part.text,
            };
            self.write("response.reasoning_summary_text.done", done)?;
            self.write_summary("response.reasoning_summary_part.done", item_id, output_index, part)?;
        }
        Ok(())
    }

    fn write_summary(
        &mut self,
        name: &'static str,
        item_id: &str,
        output_index: usize,
        part: &SummaryPart,
    ) -> Result<(), Problem> {
        let part = SummaryPartEvent { item_id, output_index, summary_index: ONLY_SUMMARY, part };
        self.write(name, ResponseEventBody::Summary(part))
    }
}
