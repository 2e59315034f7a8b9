//! Checkpoints of the audit logs: signed for each log that has grown, completed after a crash, and checked with an export.

use api_tests::{Person, World, lead_body};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::audit::{
    AuditCheckpoint, CheckedExport, ExportFault, NO_HASH, check_export, compare_with_checkpoint, export_line,
    read_checkpoint_file, to_hex,
};
use domain::id::OrganizationId;
use futures_util::future::join_all;
use ports::{
    AuditReader, BoxFuture, CheckpointFiles, CheckpointSigner, FileError, KeyError, StoredAuditEntry,
};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use sign_audit_checkpoints::SignAuditCheckpoints;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).unwrap())
    }
}

impl CheckpointSigner for Signer {
    fn sign<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, Result<String, KeyError>> {
        Box::pin(async move { Ok(STANDARD.encode(self.0.sign(&SystemRandom::new(), bytes).unwrap())) })
    }
}

/// A bucket whose objects can't change: other bytes under the same name are an error of the test.
#[derive(Default)]
struct Locked {
    files: Mutex<BTreeMap<(OrganizationId, u64), String>>,
    /// The next file is written, and the run is killed before it knows that.
    dies: AtomicBool,
    /// No file can be written.
    refuses: Mutex<Option<OrganizationId>>,
}

impl CheckpointFiles for Locked {
    fn write<'a>(
        &'a self,
        tenant: OrganizationId,
        count: u64,
        file: &'a [u8],
    ) -> BoxFuture<'a, Result<(), FileError>> {
        Box::pin(async move {
            if *self.refuses.lock().unwrap() == Some(tenant) {
                return Err(FileError("refused".into()));
            }
            let file = String::from_utf8(file.to_vec()).unwrap();
            let earlier = self.files.lock().unwrap().insert((tenant, count), file.clone());
            assert!(earlier.is_none_or(|earlier| earlier == file), "a checkpoint was replaced");
            if self.dies.swap(false, Ordering::SeqCst) { Err(FileError("killed".into())) } else { Ok(()) }
        })
    }
}

struct Scene {
    world: World,
    signer: Arc<Signer>,
    files: Arc<Locked>,
}

impl Scene {
    fn start() -> Self {
        Self { world: World::start(), signer: Arc::new(Signer::new()), files: Arc::default() }
    }

    /// Runs the job; whether it succeeded.
    async fn run(&self) -> bool {
        let handler = SignAuditCheckpoints {
            checkpoints: Arc::new(self.world.environment().audit_log()),
            signer: self.signer.clone(),
            files: self.files.clone(),
        };
        let now = self.world.now();
        let tick = serde_json::json!({"time": now.to_string(), "detail-type": "Scheduled Event", "source": "aws.events"});
        let invocation = edge::Invocation::in_process(now).with_time(Duration::from_secs(300));
        edge::schedule::invoke_as(&handler, tick, &invocation).await.is_ok()
    }

    /// The checkpoints of an organization, each with a right signature and in a chain.
    fn checkpoints(&self, of: &Person) -> Vec<AuditCheckpoint> {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.signer.0.public_key().as_ref());
        let mut previous = NO_HASH.to_owned();
        let mut found = Vec::new();
        for ((tenant, count), file) in self.files.files.lock().unwrap().iter() {
            if *tenant != of.tenant {
                continue;
            }
            let (signature, signed, checkpoint) = read_checkpoint_file(file).unwrap();
            key.verify(signed.as_bytes(), &STANDARD.decode(signature).unwrap()).unwrap();
            assert_eq!((checkpoint.organization, checkpoint.count), (of.tenant, *count));
            assert_eq!(checkpoint.previous_checkpoint_hash, previous);
            previous = to_hex(digest(&SHA256, signed.as_bytes()).as_ref());
            found.push(checkpoint);
        }
        found
    }

    async fn grow(&self, by: &Person) {
        self.world.lead(by, &lead_body()).await;
        self.world.audit_all().await;
    }

    async fn entries(&self, of: &Person) -> Vec<StoredAuditEntry> {
        self.world.environment().audit_log().range(of.tenant, 1, u64::MAX).await.unwrap()
    }
}

fn checked(entries: &[StoredAuditEntry]) -> CheckedExport {
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| String::from_utf8(export_line(&entry.hash, &entry.stored)).unwrap())
        .collect();
    let sha256 = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().to_vec();
    check_export(lines.iter().map(String::as_str), false, &sha256).unwrap()
}

#[tokio::test]
async fn a_log_that_has_grown_is_signed_once() {
    let scene = Scene::start();
    let (busy, quiet) = (scene.world.admin().await, scene.world.admin().await);
    scene.grow(&busy).await;
    assert!(scene.run().await);
    assert!(scene.run().await);
    assert_eq!((scene.checkpoints(&busy).len(), scene.checkpoints(&quiet).len()), (1, 1));
    scene.grow(&busy).await;
    scene.grow(&busy).await;
    assert!(scene.run().await);
    let signed = scene.checkpoints(&busy);
    assert_eq!((signed.len(), scene.checkpoints(&quiet).len()), (2, 1));
    let entries = scene.entries(&busy).await;
    assert_eq!(signed[1].count, entries.len() as u64);
    assert_eq!(signed[1].head_hash, to_hex(&entries.last().unwrap().hash));
    // When nothing has grown, a run reads the sixteen partitions and nothing else.
    scene.world.environment().wire().take_calls();
    assert!(scene.run().await);
    let calls = scene.world.environment().wire().take_calls();
    let calls: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(calls, ["Query"; 16]);
}

#[tokio::test]
async fn a_cut_and_a_rewritten_log_differ_from_their_checkpoints() {
    let scene = Scene::start();
    let admin = scene.world.admin().await;
    scene.grow(&admin).await;
    scene.run().await;
    let [checkpoint] = <[AuditCheckpoint; 1]>::try_from(scene.checkpoints(&admin)).unwrap();
    let entries = scene.entries(&admin).await;
    assert_eq!(compare_with_checkpoint(&checked(&entries), &checkpoint.facts()), Ok(()));
    let cut = checked(&entries[..entries.len() - 1]);
    let fault = compare_with_checkpoint(&cut, &checkpoint.facts()).unwrap_err();
    assert!(matches!(fault, ExportFault::Cut { .. }), "{fault}");
    let mut rewritten = checked(&entries);
    rewritten.hashes.insert(checkpoint.count, "7".repeat(64));
    let fault = compare_with_checkpoint(&rewritten, &checkpoint.facts()).unwrap_err();
    assert!(matches!(fault, ExportFault::Rewritten { .. }), "{fault}");
}

#[tokio::test]
async fn a_run_that_is_killed_is_completed_with_the_same_bytes() {
    let scene = Scene::start();
    let admin = scene.world.admin().await;
    scene.grow(&admin).await;
    scene.files.dies.store(true, Ordering::SeqCst);
    assert!(!scene.run().await);
    assert_eq!(scene.checkpoints(&admin).len(), 1);
    // The log grows before the next run, which completes the first checkpoint before it signs another.
    scene.grow(&admin).await;
    assert!(scene.run().await);
    assert!(scene.run().await);
    let signed = scene.checkpoints(&admin);
    assert_eq!(signed.len(), 2);
    assert_eq!(signed[1].count, scene.entries(&admin).await.len() as u64);
}

#[tokio::test]
async fn runs_at_the_same_time_make_one_chain() {
    let scene = Scene::start();
    let admin = scene.world.admin().await;
    for _ in 0..3 {
        scene.grow(&admin).await;
        join_all((0..4).map(|_| scene.run())).await;
    }
    scene.run().await;
    let signed = scene.checkpoints(&admin);
    assert_eq!(signed.last().unwrap().count, scene.entries(&admin).await.len() as u64);
    assert_eq!(signed.len(), 3);
}

#[tokio::test]
async fn one_organization_that_fails_does_not_stop_the_others() {
    let scene = Scene::start();
    let (broken, fine) = (scene.world.admin().await, scene.world.admin().await);
    scene.grow(&broken).await;
    *scene.files.refuses.lock().unwrap() = Some(broken.tenant);
    assert!(!scene.run().await);
    assert_eq!((scene.checkpoints(&broken).len(), scene.checkpoints(&fine).len()), (0, 1));
    *scene.files.refuses.lock().unwrap() = None;
    assert!(scene.run().await);
    assert_eq!(scene.checkpoints(&broken).len(), 1);
}
