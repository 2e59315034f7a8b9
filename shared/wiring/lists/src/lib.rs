//! The wiring of functions that answer lists with pages. Other functions must not link this crate, because they may not
//! read the secret.

use adapter_secrets::Secret;
use edge::cursor::CursorCodec;
use ports::Source;
use wiring_core::Base;

/// The codec of cursors with the key of all lists, which is read once. `CURSOR_SECRET_ID` must be set.
pub async fn cursors(base: &Base) -> Result<CursorCodec, Source> {
    let secret = Secret::new(&base.aws, base.settings.required("CURSOR_SECRET_ID")?);
    Ok(CursorCodec::new(secret.value().await?.expose())?)
}
