//! Sessions.

use contracts::identity::Session as Listed;
use domain::identity::Session;

/// A session as an entry of the list; `is_current` says whether it sent the request.
pub fn session(session: &Session, is_current: bool) -> Listed {
    let device = session.device.as_ref();
    Listed {
        id: session.id.to_string(),
        device_name: device.map(|device| device.name.clone()).filter(|name| !name.is_empty()),
        ip_country: device.and_then(|device| device.ip_country.clone()),
        created_at: session.started_at.to_string(),
        last_used_at: session.last_used_at().to_string(),
        current: is_current,
    }
}
