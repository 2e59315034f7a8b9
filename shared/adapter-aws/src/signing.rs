//! Signature Version 4 for requests that are a POST without a query, such as those of DynamoDB and of Bedrock's runtime.
//!
//! The SDK derives the signing key again for each call and writes the canonical form of any request. The key is the same
//! for a day. What that saves is in docs/adr/0014-own-connector-and-signature.md. The tests compare the signature with the
//! SDK's.
//!
//! Every other request is refused. Values of headers are signed as they are, without joining or collapsing, because the SDK
//! writes one line for each header. The region is that of the configuration, the service is given.
//!
//! Source: AWS, "Create a signed AWS API request".

mod canonical;
mod clock;

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_runtime::auth::sigv4::SCHEME_ID;
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::service_clock_skew::DisableClockSkewCorrection;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, disable_interceptor, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::retry::ErrorKind;
use aws_types::SdkConfig;
use ring::{digest, hmac};
use zeroize::Zeroizing;

use canonical::{canonical, canonical_path, push_hex, timestamp};
use clock::{WrongClock, mark_wrong_clock, refused_clock, seconds};

/// The reason that the SDK shows for an interceptor that does not run.
const NOT_NEEDED: &str = "no answer depends on its headers";

/// Signs the calls of one client, and corrects the clock when the service refused the time of a signature.
///
/// The client needs it three times: as an authentication scheme, in the place of the SDK's, as an interceptor, and as a
/// classifier of failures.
#[derive(Clone)]
pub struct PostSigning(Arc<Signer>);

struct Signer {
    region: Option<String>,
    service: &'static str,
    key: Mutex<Option<DayKey>>,
    /// The seconds by which the service's clock is ahead of this process's. 0 until the service refused a time.
    clock_difference: AtomicI64,
}

/// The key of a day. It depends on the secret, the day, the region and the service.
#[derive(Clone)]
struct DayKey {
    access_key: String,
    day: i64,
    key: hmac::Key,
}

/// The difference with which an attempt was signed. Another attempt may have learned a new one in the meantime.
#[derive(Debug, Clone, Copy)]
struct SignedDifference(i64);

impl Storable for SignedDifference {
    type Storer = StoreReplace<Self>;
}

/// A request can't be signed.
#[derive(Debug, thiserror::Error)]
enum SigningError {
    #[error("the identity has no AWS credentials")]
    WrongIdentity,
    #[error("the region is not known")]
    NoRegion,
    #[error("the time can't be represented")]
    Time,
    #[error("the body is a stream")]
    Stream,
    #[error("the address has no host")]
    NoHost,
    #[error("the request is not a POST without a query")]
    NotPost,
    #[error("the path has an empty or a relative part")]
    Path,
}

impl PostSigning {
    /// For a client of the service with this signing name, such as `dynamodb`.
    pub fn new(config: &SdkConfig, service: &'static str) -> Self {
        Self(Arc::new(Signer {
            region: config.region().map(ToString::to_string),
            service,
            key: Mutex::default(),
            clock_difference: AtomicI64::new(0),
        }))
    }
}

impl fmt::Debug for PostSigning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PostSigning").field("service", &self.0.service).finish_non_exhaustive()
    }
}

impl AuthScheme for PostSigning {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME_ID
    }

    fn identity_resolver(&self, resolvers: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(SCHEME_ID)
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for PostSigning {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        _: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let credentials = identity.data::<Credentials>().ok_or(SigningError::WrongIdentity)?;
        let difference = config.load::<SignedDifference>().map_or(0, |signed| signed.0);
        self.0.sign(request, credentials, seconds(components)?.saturating_add(difference))
    }
}

#[dyn_dispatch_hint]
impl Intercept for PostSigning {
    fn name(&self) -> &'static str {
        "PostSigning"
    }

    /// Leaves out the headers that describe the client and the try: `user-agent`, `x-amz-user-agent`,
    /// `amz-sdk-invocation-id` and `amz-sdk-request`. No answer depends on them, and they would be made anew, signed and
    /// sent with each call. The SDK's correction of the clock reads the date of every answer, and changes nothing here.
    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let state = config.interceptor_state();
        state.store_put(disable_interceptor::<UserAgentInterceptor>(NOT_NEEDED));
        state.store_put(disable_interceptor::<InvocationIdInterceptor>(NOT_NEEDED));
        state.store_put(disable_interceptor::<RequestInfoInterceptor>(NOT_NEEDED));
        state.store_put(DisableClockSkewCorrection::from(true));
        Ok(())
    }

    fn modify_before_signing(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let difference = self.0.clock_difference.load(Ordering::Relaxed);
        config.interceptor_state().store_put(SignedDifference(difference));
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let signed = config.load::<SignedDifference>().map_or(0, |signed| signed.0);
        mark_wrong_clock(context.response_mut(), signed, seconds(components)?);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(WrongClock(difference)) = context.response().and_then(refused_clock) {
            self.0.clock_difference.store(difference, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl ClassifyRetry for PostSigning {
    fn name(&self) -> &'static str {
        "PostSigning"
    }

    /// A refused time is tried again, with the time of the service.
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().and_then(refused_clock) {
            Some(_) => RetryAction::retryable_error(ErrorKind::ServerError),
            None => RetryAction::NoActionIndicated,
        }
    }
}

impl Signer {
    fn sign(
        &self,
        request: &mut HttpRequest,
        credentials: &Credentials,
        seconds: i64,
    ) -> Result<(), BoxError> {
        let region = self.region.as_deref().ok_or(SigningError::NoRegion)?;
        if request.method() != "POST" || request.uri_mut().query().is_some() {
            return Err(SigningError::NotPost.into());
        }
        let time = timestamp(seconds)?;
        let date = time.get(..8).ok_or(SigningError::Time)?;
        request.headers_mut().try_insert("x-amz-date", time.clone())?;
        if let Some(token) = credentials.session_token() {
            request.headers_mut().try_insert("x-amz-security-token", token.to_owned())?;
        }
        let path = canonical_path(request.uri_mut().path())?;
        let (canonical, signed) = canonical(request, &path)?;
        let scope = format!("{date}/{region}/{}/aws4_request", self.service);
        let mut text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n");
        push_hex(&mut text, digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let key = self.day_key(credentials, seconds.div_euclid(86_400), date, region);
        let mut value = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={signed}, Signature=",
            credentials.access_key_id()
        );
        push_hex(&mut value, hmac::sign(&key, text.as_bytes()).as_ref());
        request.headers_mut().try_insert("authorization", value)?;
        Ok(())
    }

    fn day_key(&self, credentials: &Credentials, day: i64, date: &str, region: &str) -> hmac::Key {
        // A panic can't leave a key half written, so a poisoned lock is still good.
        let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref()
            && kept.day == day
            && kept.access_key == credentials.access_key_id()
        {
            return kept.key.clone();
        }
        // Only this copy of the secret is wiped: the process holds the credentials anyway, and the key is good for a day.
        let secret = Zeroizing::new(format!("AWS4{}", credentials.secret_access_key()));
        let key = [date, region, self.service, "aws4_request"]
            .iter()
            .fold(hmac_key(secret.as_bytes()), |key, part| {
                hmac_key(hmac::sign(&key, part.as_bytes()).as_ref())
            });
        *kept = Some(DayKey { access_key: credentials.access_key_id().to_owned(), day, key: key.clone() });
        key
    }
}

fn hmac_key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}
