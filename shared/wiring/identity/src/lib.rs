//! The wiring of access tokens, which functions of identity share: the keys, the issuer, and the verifier.

use adapter_aws::SdkConfig;
use adapter_kms::KmsTokenKeys;
use adapter_token::Rs256Verifier;
use application_identity::Issuer;
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
