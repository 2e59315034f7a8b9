//! `cargo xtask verify-audit`: checks an export of the audit log. It needs no network and no credentials.

use crate::Outcome;
use crate::error::{Error, at};
use crate::say::{detail, heading};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use domain::audit::{
    AuditCheckpoint, CheckedExport, check_export, compare_with_checkpoint, read_checkpoint_file, to_hex,
};
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use std::fs;
use std::path::{Path, PathBuf};

/// Options of `verify-audit`.
#[derive(Args)]
pub(crate) struct VerifyAuditOptions {
    /// The export: a file of JSON Lines.
    export: PathBuf,
    /// A folder with checkpoints of the same organization that were signed before the export was started.
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    /// The public key of the checkpoints, as `aws kms get-public-key` gives it, in PEM. Without it their signatures are
    /// not checked.
    #[arg(long, requires = "checkpoints")]
    public_key: Option<PathBuf>,
    /// The export was made with filters, so entries between its lines are not missing.
    #[arg(long)]
    filtered: bool,
}

/// Checks an export; fails with the first fault and its place.
pub(crate) fn verify_audit(options: &VerifyAuditOptions) -> Outcome {
    let export = fs::read_to_string(&options.export).map_err(at(&options.export))?;
    let checked = check(&export, options.filtered)?;
    let checkpoints = match &options.checkpoints {
        Some(folder) => read_checkpoints(folder)?,
        None => Vec::new(),
    };
    let key = match &options.public_key {
        Some(file) => Some(read_key(&fs::read_to_string(file).map_err(at(file))?)?),
        None => None,
    };
    compare(&checked, &checkpoints, key.as_deref())?;
    heading(&format!("{} is intact", options.export.display()));
    detail(format!("{} entries, the last one is number {}", checked.entries, checked.last));
    match (checkpoints.len(), key) {
        (0, _) => detail("without checkpoints a cut end does not show"),
        (count, Some(_)) => detail(format!("{count} checkpoints agree, and their signatures are right")),
        (count, None) => detail(format!("{count} checkpoints agree; their signatures were not checked")),
    }
    Ok(())
}

/// A checkpoint, its signed bytes and its signature.
struct SignedCheckpoint {
    name: String,
    checkpoint: AuditCheckpoint,
    signed: String,
    signature: String,
}

fn check(export: &str, filtered: bool) -> Result<CheckedExport, Error> {
    let sha256 = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().to_vec();
    check_export(export.lines(), filtered, &sha256).map_err(|fault| Error::Content(fault.to_string()))
}

/// The checkpoints of a folder, in their order.
fn read_checkpoints(folder: &Path) -> Result<Vec<SignedCheckpoint>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let name = path.display().to_string();
        let Some((signature, signed, checkpoint)) = read_checkpoint_file(&text) else {
            return Err(Error::Content(format!("{name} is no checkpoint")));
        };
        let (signed, signature) = (signed.to_owned(), signature.to_owned());
        found.push(SignedCheckpoint { name, checkpoint, signed, signature });
    }
    found.sort_by_key(|found| found.checkpoint.count);
    Ok(found)
}

fn compare(export: &CheckedExport, checkpoints: &[SignedCheckpoint], key: Option<&[u8]>) -> Outcome {
    let mut previous: Option<&SignedCheckpoint> = None;
    for found in checkpoints {
        let name = &found.name;
        if let Some(key) = key {
            let signature = STANDARD.decode(&found.signature).unwrap_or_default();
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key);
            key.verify(found.signed.as_bytes(), &signature)
                .map_err(|_| Error::Content(format!("{name}: the signature is wrong")))?;
        }
        if let Some(previous) = previous
            && found.checkpoint.previous_checkpoint_hash
                != to_hex(digest(&SHA256, previous.signed.as_bytes()).as_ref())
        {
            return Err(Error::Content(format!(
                "{name} does not follow {}: a checkpoint between them is missing, or one was replaced",
                previous.name
            )));
        }
        compare_with_checkpoint(export, &found.checkpoint.facts())
            .map_err(|fault| Error::Content(format!("{name}: {fault}")))?;
        previous = Some(found);
    }
    Ok(())
}

/// The beginning of the DER form of a public key on P-256 (RFC 5480); the point follows.
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The point of a public key in PEM.
fn read_key(pem: &str) -> Result<Vec<u8>, Error> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(base64).unwrap_or_default();
    let point = der.strip_prefix(P256_PREFIX).map(<[u8]>::to_vec);
    point.ok_or_else(|| Error::Content("the public key must be a key on the curve P-256 in PEM".to_owned()))
}

#[cfg(test)]
mod tests;
