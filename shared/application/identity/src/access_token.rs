//! Issues access tokens: fifteen minutes, signed by the key service.

use application_core::{Context, Error};
use domain::id::{EventTag, OrganizationId};
use domain::identity::{Account, Session};
use domain::tenancy::Member;
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

pub(crate) async fn issue(
    signer: &dyn TokenSigner,
    issuer: &Issuer,
    context: &Context,
    who: (&OrganizationId, &Account, &Member, &Session),
    refresh_token: String,
) -> Result<SessionTokens, Error> {
    let (organization, account, member, session) = who;
    let person = account.person.as_ref().ok_or(Error::Unauthenticated)?;
    let jti = context.new_id::<EventTag>()?.uuid();
    let claims = Claims {
        sub: account.id.to_string(),
        org_id: organization.to_string(),
        role: member.role.as_str().to_owned(),
        email: person.email.clone(),
        sid: session.id.to_string(),
        iss: issuer.issuer.clone(),
        aud: issuer.audience.clone(),
        iat: context.now.seconds(),
        exp: context.now.seconds() + ACCESS_TOKEN_SECONDS,
        jti: jti.to_string(),
    };
    let access_token = signer.sign(&claims).await?;
    Ok(SessionTokens { access_token, expires_in: ACCESS_TOKEN_SECONDS, refresh_token })
}
