//! Results of a provider that are taken in several parts: the time of a run ends in between, a run is killed, runs overlap,
//! the batch is cancelled, and lines have no result.

use super::provider::{BATCH_COST, Provider};
use super::*;
use ports::{BatchFiles, BatchJobState, BoxFuture, FileError, FileParts};
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::FileRead;
use tokio::sync::Notify;

/// Lines of a part, and of a batch of three parts.
const PART: u32 = 500;
const LINES: u32 = 1200;
/// The time that must be left before a part is taken.
const TIME_TO_TAKE: Duration = Duration::from_secs(240);

/// What happens with the write of a chunk.
#[derive(Clone, Copy)]
enum AtChunk {
    /// It is written once this time has come.
    Waits(Instant),
    /// The run is killed before it, or after it.
    KilledBefore,
    KilledAfter,
    /// It is written once the test says so.
    Held,
}

/// The files of a test, and what happens with the chunk of this number, from 1.
struct ChunkFiles<'a> {
    files: &'a TestBatchFiles,
    at: (usize, AtChunk),
    chunks: AtomicUsize,
    reached: Notify,
    let_go: Notify,
}

impl<'a> ChunkFiles<'a> {
    fn new(files: &'a TestBatchFiles, at: (usize, AtChunk)) -> Self {
        let (reached, let_go) = (Notify::new(), Notify::new());
        Self { files, at, chunks: AtomicUsize::new(0), reached, let_go }
    }
}

impl BatchFiles for ChunkFiles<'_> {
    fn size<'a>(&'a self, key: &'a BatchFileKey) -> BoxFuture<'a, Result<Option<u64>, FileError>> {
        self.files.size(key)
    }

    fn read<'a>(
        &'a self,
        key: &'a BatchFileKey,
        offset: u64,
        length: u64,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        self.files.read(key, offset, length)
    }

    fn write<'a>(
        &'a self,
        key: &'a BatchFileKey,
        parts: FileParts<'a>,
    ) -> BoxFuture<'a, Result<(), FileError>> {
        Box::pin(async move {
            let is_chunk = key.as_str().contains("/chunks/");
            let number = self.chunks.fetch_add(usize::from(is_chunk), Ordering::Relaxed) + 1;
            if !is_chunk || number != self.at.0 {
                return self.files.write(key, parts).await;
            }
            match self.at.1 {
                AtChunk::Waits(until) => tokio::time::sleep_until(until.into()).await,
                AtChunk::KilledBefore => self.killed().await,
                AtChunk::KilledAfter => {
                    self.files.write(key, parts).await?;
                    return self.killed().await;
                }
                AtChunk::Held => {
                    self.reached.notify_one();
                    self.let_go.notified().await;
                }
            }
            self.files.write(key, parts).await
        })
    }
}

impl ChunkFiles<'_> {
    /// Tells the test to drop the run.
    async fn killed<T>(&self) -> T {
        self.reached.notify_one();
        pending().await
    }
}

/// A batch of three parts whose job has completed.
async fn completed() -> Provider {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.limit(Limits { user_day: 100_000_000_000, ..Limits::default() }).await;
    scene.with_file(1, &lines(LINES as usize)).await;
    provider.run_at(0).await.unwrap();
    let outputs = provider.answer(&provider.record_ids());
    provider.jobs.end(&BatchJobState::Completed { outputs });
    provider
}

/// The lines from which on chunks were written, in order.
fn chunks(provider: &Provider) -> Vec<String> {
    let written = provider.scene.files.written();
    written.into_iter().filter(|name| name.contains("/chunks/")).collect()
}

fn chunk(first: u32) -> String {
    BatchFileKey::chunk(tenant(1), &id(1), first).as_str().to_owned()
}

/// Each line has its own result, and is paid once.
async fn every_line_is_settled_once(provider: &Provider) {
    let scene = &provider.scene;
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Completed, LINES, 0));
    assert_eq!((state.lines_done, state.bytes_done), (LINES, state.input_file.bytes));
    let output = scene.output(1);
    assert_eq!(output.len(), LINES as usize);
    for number in [1, 500, 501, 1200] {
        let body = &output[&format!("r{number}")]["response"]["body"];
        assert_eq!(body["choices"][0]["message"]["content"], format!("Answer to L{number:010}."));
    }
    let text = scene.files.text(&BatchFileKey::output(tenant(1), &id(1))).unwrap();
    assert_eq!(text.lines().count(), LINES as usize);
    let metered = scene.metered().await;
    assert_eq!((metered.len(), &metered[0]["attempts"]), (1, &json!(LINES)));
    assert_eq!(metered[0]["cost_nano_usd"], u64::from(LINES) * BATCH_COST);
    assert_eq!(scene.spent().await.tenant_month.committed, u64::from(LINES) * BATCH_COST);
}

#[tokio::test]
async fn a_run_whose_time_ends_leaves_the_other_parts_to_the_next() {
    let provider = completed().await;
    let scene = &provider.scene;
    // No time is left for a third part when the second one is written.
    let enough = Instant::now() + Duration::from_secs(5);
    let context = Context { deadline: enough + TIME_TO_TAKE, ..scene.at(60) };
    let files = ChunkFiles::new(&scene.files, (2, AtChunk::Waits(enough)));
    provider.run_with(&files, &context).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.lines_done), (BatchStatus::InProgress, 2 * PART));
    // Nobody has to wait for the end of a claim.
    assert_eq!(state.claimed_until, None);
    // The usage so far is noted for the sweeper.
    assert_eq!(state.cost_nano_usd(), u64::from(2 * PART) * BATCH_COST);
    provider.run_at(120).await.unwrap();
    every_line_is_settled_once(&provider).await;
    assert_eq!(chunks(&provider), [0, PART, 2 * PART].map(chunk));
}

#[tokio::test]
async fn a_run_that_is_killed_has_one_part_to_do_again_at_most() {
    for (number, done) in [(1, 0), (2, PART), (3, 2 * PART)] {
        for kill in [AtChunk::KilledBefore, AtChunk::KilledAfter] {
            let provider = completed().await;
            let scene = &provider.scene;
            let files = ChunkFiles::new(&scene.files, (number, kill));
            let context = scene.at(60);
            tokio::select! {
                biased;
                () = files.reached.notified() => {}
                run = provider.run_with(&files, &context) => panic!("it was not killed: {run:?}"),
            }
            assert_eq!(scene.state(1).await.lines_done, done);
            // Its claim holds until it can't live any more.
            provider.run_at(120).await.unwrap();
            assert_eq!(scene.state(1).await.lines_done, done);
            let before = chunks(&provider).len();
            provider.run_at(1200).await.unwrap();
            every_line_is_settled_once(&provider).await;
            let again: Vec<String> = (done..LINES).step_by(PART as usize).map(chunk).collect();
            assert_eq!(chunks(&provider)[before..], again);
        }
    }
}

#[tokio::test]
async fn runs_at_the_same_time_take_each_part_once() {
    let provider = completed().await;
    let runs = futures_util::future::join_all((0..3).map(|_| provider.run_at(60))).await;
    assert!(runs.iter().all(Result::is_ok), "{runs:?}");
    // A run that found the batch claimed left it.
    provider.run_at(120).await.unwrap();
    every_line_is_settled_once(&provider).await;
    assert_eq!(chunks(&provider), [0, PART, 2 * PART].map(chunk));
}

#[tokio::test]
async fn a_part_that_a_run_takes_is_left_alone_by_others() {
    let provider = completed().await;
    let files = ChunkFiles::new(&provider.scene.files, (2, AtChunk::Held));
    let context = provider.scene.at(60);
    let (run, others) = tokio::join!(provider.run_with(&files, &context), async {
        files.reached.notified().await;
        let others = provider.run_at(120).await;
        files.let_go.notify_one();
        others
    });
    assert_eq!(others.unwrap().steps, 0);
    run.unwrap();
    every_line_is_settled_once(&provider).await;
    assert_eq!(chunks(&provider), [0, PART, 2 * PART].map(chunk));
}

#[tokio::test]
async fn a_batch_that_is_cancelled_between_parts_keeps_all_results() {
    let provider = completed().await;
    let scene = &provider.scene;
    // The last line has no result.
    provider.answer(&provider.record_ids()[..LINES as usize - 1]);
    let files = ChunkFiles::new(&scene.files, (2, AtChunk::Held));
    let context = scene.at(60);
    let (run, ()) = tokio::join!(provider.run_with(&files, &context), async {
        files.reached.notified().await;
        scene.cancel(1).await;
        files.let_go.notify_one();
    });
    run.unwrap();
    // The run has gone on with the results, which are paid.
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Cancelled, LINES - 1, 1));
    assert_eq!(scene.output(1).len(), LINES as usize - 1);
    assert_eq!(scene.errors(1)["r1200"]["error"]["code"], "batch_cancelled");
    assert_eq!(scene.metered().await[0]["cost_nano_usd"], u64::from(LINES - 1) * BATCH_COST);
}

#[tokio::test]
async fn a_batch_that_ends_early_takes_parts_while_they_can_be_charged() {
    // Its lease ends 50 hours after it was created; half an hour before, no part is begun.
    for (minutes, completed_lines) in [(50 * 60 - 31, LINES), (50 * 60 - 30, PART)] {
        let provider = completed().await;
        let scene = &provider.scene;
        // One part is taken before a run is killed.
        let files = ChunkFiles::new(&scene.files, (2, AtChunk::KilledBefore));
        let context = scene.at(60);
        tokio::select! {
            biased;
            () = files.reached.notified() => {}
            run = provider.run_with(&files, &context) => panic!("it was not killed: {run:?}"),
        }
        provider.run_at(minutes * 60).await.unwrap();
        let state = scene.state(1).await;
        let unfinished = LINES - completed_lines;
        assert_eq!((state.status, state.completed), (BatchStatus::Expired, completed_lines), "{minutes}");
        assert_eq!(state.failed, unfinished);
        let metered = scene.metered().await;
        assert_eq!(metered[0]["cost_nano_usd"], u64::from(completed_lines) * BATCH_COST);
    }
}

#[tokio::test]
async fn lines_without_a_result_cost_no_search_in_every_part() {
    // 40 MB of input: five parts, each with a line that has no result.
    let provider = Provider::start();
    let scene = &provider.scene;
    let most = 500_000_000_000;
    let limits = Limits { tenant_month: most, tenant_day: most, user_day: most, ..Limits::default() };
    scene.limit(limits).await;
    let long = "x".repeat(160_000);
    let file: String =
        (1..=250).map(|number| line(&format!("r{number}"), &format!("{number} {long}"))).collect();
    scene.with_file(1, &file).await;
    provider.run_at(0).await.unwrap();
    let mut ids = provider.record_ids();
    ids.reverse();
    ids.retain(|id| !id.ends_with('5'));
    let outputs = provider.answer(&ids);
    let place = BatchFileKey::provider_result(tenant(1), &id(1), &outputs[0]).unwrap();
    let text = scene.files.text(&place).unwrap().replace("Answer to", &"y".repeat(20_000));
    let size = text.len() as u64;
    scene.files.bring(&place, text);
    provider.jobs.end(&BatchJobState::Completed { outputs });
    let before = scene.files.reads().len();
    provider.run_at(60).await.unwrap();
    let state = scene.state(1).await;
    assert_eq!((state.status, state.completed, state.failed), (BatchStatus::Completed, 225, 25));
    let read = scene.files.reads().split_off(before);
    let results = |read: &&FileRead| read.name.contains("/results/");
    let bytes: u64 = read.iter().filter(results).map(|read| read.bytes).sum();
    assert!(bytes <= 2 * size, "{bytes} of {size}");
}
