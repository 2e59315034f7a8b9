//! What functions of identity have alike: the keys, the issuer and the verifier of access tokens, the body with tokens, and
//! the site of passkeys.

use adapter_aws::SdkConfig;
use adapter_kms::KmsTokenKeys;
use adapter_token::Rs256Verifier;
use application_identity::{Issuer, RelyingParty, SessionTokens};
use contracts::identity::TokenResponse;
use edge::Settings;
use ports::Source;

/// The keys that sign and verify access tokens. `TOKEN_KEY_IDS` must be set.
pub fn token_keys(settings: &Settings, aws: &SdkConfig) -> Result<KmsTokenKeys, Source> {
    Ok(KmsTokenKeys::new(aws, settings.required("TOKEN_KEY_IDS")?.parse()?))
}

/// The issuer and the audience of access tokens. `TOKEN_ISSUER` and `TOKEN_AUDIENCE` must be set.
pub fn token_issuer(settings: &Settings) -> Result<Issuer, Source> {
    Ok(Issuer {
        issuer: settings.required("TOKEN_ISSUER")?.to_owned(),
        audience: settings.required("TOKEN_AUDIENCE")?.to_owned(),
    })
}

/// The verifier of access tokens, with the settings by which they are issued.
pub fn token_verifier(settings: &Settings, aws: &SdkConfig) -> Result<Rs256Verifier, Source> {
    let Issuer { issuer, audience } = token_issuer(settings)?;
    Ok(Rs256Verifier::new(&issuer, &audience, token_keys(settings, aws)?.public_keys()))
}

/// The body with the tokens of a session.
pub fn token_response(tokens: SessionTokens) -> TokenResponse {
    TokenResponse {
        access_token: tokens.access_token,
        token_type: "Bearer".to_owned(),
        expires_in: u32::try_from(tokens.expires_in).unwrap_or_default(),
        refresh_token: Some(tokens.refresh_token),
    }
}

/// The site that passkeys belong to. `PASSKEY_RP_ID` is its domain, the host of `TOKEN_ISSUER` by default, and
/// `PASSKEY_ORIGINS` the origins of its pages, `https://` and the domain by default. Where neither names a host, as in the
/// local environment, the site is `localhost`.
pub fn relying_party(settings: &Settings) -> Result<RelyingParty, Source> {
    let issuer = settings.required("TOKEN_ISSUER")?;
    Ok(site(issuer, settings.optional("PASSKEY_RP_ID"), settings.optional("PASSKEY_ORIGINS")))
}

fn site(issuer: &str, domain: Option<&str>, origins: Option<&str>) -> RelyingParty {
    let given = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let domain = given(domain).unwrap_or_else(|| host(issuer).unwrap_or("localhost").to_owned());
    let origins = given(origins).unwrap_or_else(|| format!("https://{domain}"));
    RelyingParty::new(&domain, &origins)
}

/// The host of a URL, without its port.
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', ':']).next().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_of_passkeys_is_the_issuers_host_unless_it_is_set() {
        let cases = [
            (("https://api.example.com/v1", None, None), ("api.example.com", "https://api.example.com")),
            (("http://127.0.0.1:4566/x", Some(""), Some("")), ("127.0.0.1", "https://127.0.0.1")),
            (("sextant-local", None, None), ("localhost", "https://localhost")),
            (
                ("https://api.example.com", Some("example.com"), Some("https://app.example.com")),
                ("example.com", "https://app.example.com"),
            ),
        ];
        for ((issuer, domain, origins), (id, origin)) in cases {
            let expected = RelyingParty { id: id.to_owned(), origins: vec![origin.to_owned()] };
            assert_eq!(site(issuer, domain, origins), expected);
        }
    }
}
