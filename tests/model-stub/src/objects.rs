//! The objects of batch jobs: on the S3 of the local deployment, or in this server's own memory, which it offers in S3's
//! wire format under `/_s3/{bucket}/{key}`. Jobs read and write both in the same way.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adapter_aws::{AwsSettings, CallLimits, sdk_config};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Credentials, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::ServerSideEncryption;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Response, StatusCode};

use crate::cut::ResponseBody;

const OWN: &str = "/_s3/";

/// The place of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// An object can't be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("An S3 location must look like s3://bucket/key.")]
    Location,
    #[error("The client of S3 can't be made.")]
    Client,
    #[error("S3 answers {operation} with {code}.")]
    Answer { operation: &'static str, code: String },
}

impl Place {
    pub(crate) fn parse(uri: &str) -> Result<Self, ObjectError> {
        let parts = uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let (bucket, key) = parts.filter(|(bucket, _)| !bucket.is_empty()).ok_or(ObjectError::Location)?;
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

/// The address of S3, and this server's own objects by bucket and key.
#[derive(Debug)]
pub(crate) struct Objects {
    url: String,
    own: Mutex<BTreeMap<String, Bytes>>,
}

impl Objects {
    /// The objects at `s3`; absent: this server's own, whose address is `own_url`.
    pub(crate) fn new(s3: Option<String>, own_url: &str) -> Self {
        // The SDK puts the bucket right behind the address.
        let url = s3.unwrap_or_else(|| format!("{own_url}{OWN}"));
        Self { url, own: Mutex::default() }
    }

    fn own(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a path is that of an own object.
    pub(crate) fn is_own(path: &str) -> bool {
        path.starts_with(OWN)
    }

    /// Answers a call for an own object.
    pub(crate) fn call(&self, method: &Method, path: &str, body: &Bytes) -> Response<ResponseBody> {
        let name = path.strip_prefix(OWN).unwrap_or_default().to_owned();
        let (status, body) = match *method {
            Method::PUT => {
                self.own().insert(name, body.clone());
                (StatusCode::OK, Bytes::new())
            }
            Method::GET => match self.own().get(&name) {
                Some(object) => (StatusCode::OK, object.clone()),
                None => (StatusCode::NOT_FOUND, Bytes::from("<Error><Code>NoSuchKey</Code></Error>")),
            },
            _ => (StatusCode::METHOD_NOT_ALLOWED, Bytes::new()),
        };
        let mut response = Response::new(Full::new(body).map_err(|never| match never {}).boxed_unsync());
        *response.status_mut() = status;
        response
    }

    /// A client of the objects, with the keys of the local deployment's root.
    pub(crate) fn client(&self) -> Result<ObjectClient, ObjectError> {
        let limit = Duration::from_secs(30);
        let settings = AwsSettings {
            region: "us-east-1".to_owned(),
            credentials: Credentials::new("test", "test", None, None, "local"),
            endpoint_url: Some(self.url.clone()),
            service_endpoints: BTreeMap::new(),
            limits: CallLimits { attempt: limit, operation: limit, attempts: 3 },
            round_trips: None,
        };
        let config = sdk_config(&settings).map_err(|_| ObjectError::Client)?;
        let builder = Builder::from(&config)
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        Ok(ObjectClient(Client::from_conf(builder.build())))
    }
}

/// Reads and writes objects.
pub(crate) struct ObjectClient(Client);

impl ObjectClient {
    pub(crate) async fn read(&self, place: &Place) -> Result<Bytes, ObjectError> {
        let get = self.0.get_object().bucket(&place.bucket).key(&place.key);
        let object = get.send().await.map_err(|error| refused("GetObject", &error))?;
        let broken = |_| ObjectError::Answer { operation: "GetObject", code: "half an object".to_owned() };
        object.body.collect().await.map(|body| body.into_bytes()).map_err(broken)
    }

    /// Writes an object, encrypted with this key or as the bucket says.
    pub(crate) async fn write(
        &self,
        place: &Place,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<(), ObjectError> {
        let put = self.0.put_object().bucket(&place.bucket).key(&place.key).body(body.into());
        let put = match key {
            Some(key) => put.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(key),
            None => put,
        };
        put.send().await.map(drop).map_err(|error| refused("PutObject", &error))
    }
}

fn refused<E: ProvideErrorMetadata, R>(operation: &'static str, error: &SdkError<E, R>) -> ObjectError {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    ObjectError::Answer { operation, code: code.unwrap_or("nothing").to_owned() }
}
