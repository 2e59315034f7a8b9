//! Issues access tokens: fifteen minutes, signed by the key service.

use application_core::{Context, Error};
use domain::id::{AccountId, EventTag, OrganizationId, SessionId};
use domain::tenancy::Role;
use ports::{Claims, TokenSigner};

/// How long an access token is valid.
pub const ACCESS_TOKEN_SECONDS: i64 = 900;

/// The issuer and the audience of tokens.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// `iss`: the base URL of the API.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

/// Tokens of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTokens {
    /// The JWT.
    pub access_token: String,
    /// Seconds until it expires.
    pub expires_in: i64,
    /// The token that continues the session; it works once.
    pub refresh_token: String,
}

/// The person for whom a token is issued.
pub(crate) struct TokenBearer<'a> {
    pub(crate) organization: OrganizationId,
    pub(crate) account: AccountId,
    pub(crate) role: Role,
    pub(crate) email: &'a str,
    pub(crate) session: SessionId,
}

pub(crate) async fn issue(
    signer: &dyn TokenSigner,
    issuer: &Issuer,
    context: &Context,
    bearer: &TokenBearer<'_>,
    refresh_token: String,
) -> Result<SessionTokens, Error> {
    let jti = context.new_id::<EventTag>()?.uuid();
    let claims = Claims {
        sub: bearer.account.to_string(),
        org_id: bearer.organization.to_string(),
        role: bearer.role.as_str().to_owned(),
        email: bearer.email.to_owned(),
        sid: bearer.session.to_string(),
        iss: issuer.issuer.clone(),
        aud: issuer.audience.clone(),
        iat: context.now.seconds(),
        exp: context.now.seconds() + ACCESS_TOKEN_SECONDS,
        jti: jti.to_string(),
    };
    let access_token = signer.sign(&claims).await?;
    Ok(SessionTokens { access_token, expires_in: ACCESS_TOKEN_SECONDS, refresh_token })
}
