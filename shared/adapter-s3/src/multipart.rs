//! Writes files: a short one at once, a long one in parts of some megabytes, so that no file is held whole. An upload that
//! is given up costs nothing: the bucket deletes its parts after a day. The bucket itself encrypts what is written.

use crate::S3Files;
use crate::failure::{failed, unusable};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures_util::StreamExt;
use ports::{FileError, FileParts};

/// The bytes of a part. S3 takes at least 5 MiB, except for the last one, and 10,000 parts.
const PART: usize = 8 * 1024 * 1024;

impl S3Files {
    pub(crate) async fn write_parts(&self, key: &str, mut parts: FileParts<'_>) -> Result<(), FileError> {
        let mut upload: Option<(String, Vec<CompletedPart>)> = None;
        let mut waiting = Vec::new();
        while let Some(part) = parts.next().await {
            waiting.extend_from_slice(&part?);
            if waiting.len() >= PART {
                let (id, mut sent) = match upload.take() {
                    Some(begun) => begun,
                    None => (self.begin(key).await?, Vec::new()),
                };
                sent.push(self.send_part(key, &id, sent.len(), std::mem::take(&mut waiting)).await?);
                upload = Some((id, sent));
            }
        }
        let Some((id, mut sent)) = upload else { return self.put(key, waiting).await };
        if !waiting.is_empty() {
            sent.push(self.send_part(key, &id, sent.len(), waiting).await?);
        }
        self.complete(key, &id, sent).await
    }

    async fn put(&self, key: &str, file: Vec<u8>) -> Result<(), FileError> {
        let put = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(file));
        put.send().await.map(drop).map_err(|error| failed("PutObject", error))
    }

    async fn begin(&self, key: &str) -> Result<String, FileError> {
        const OPERATION: &str = "CreateMultipartUpload";
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(key);
        let begun = create.send().await.map_err(|error| failed(OPERATION, error))?;
        begun.upload_id.ok_or_else(|| unusable(OPERATION, "the answer has no id"))
    }

    async fn send_part(
        &self,
        key: &str,
        id: &str,
        before: usize,
        part: Vec<u8>,
    ) -> Result<CompletedPart, FileError> {
        const OPERATION: &str = "UploadPart";
        let number = i32::try_from(before + 1).map_err(|error| unusable(OPERATION, error))?;
        let upload = self.client.upload_part().bucket(&self.bucket).key(key).upload_id(id);
        let sent = upload.part_number(number).body(ByteStream::from(part)).send().await;
        let sent = sent.map_err(|error| failed(OPERATION, error))?;
        Ok(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build())
    }

    async fn complete(&self, key: &str, id: &str, parts: Vec<CompletedPart>) -> Result<(), FileError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(key);
        let complete = complete.upload_id(id).multipart_upload(parts);
        complete.send().await.map(drop).map_err(|error| failed("CompleteMultipartUpload", error))
    }
}
