//! A QR code as an SVG image.

use qrcodegen::{DataTooLong, QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// The quiet zone around the code, in modules (ISO/IEC 18004, section 6.3.8).
const BORDER: i32 = 4;

/// The code of a text: one path of black squares on a white one. Apps of phones read it from a screen, where nothing covers
/// it, so the middle level of error correction is enough.
pub(crate) fn svg(text: &str) -> Result<String, DataTooLong> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium)?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a text never fails.
            let _ = write!(path, "M{},{}h1v1h-1z", x + BORDER, y + BORDER);
        }
    }
    let size = code.size() + 2 * BORDER;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0,0h{size}v{size}h-{size}z\"/><path d=\"{path}\"/></svg>"
    ))
}
