//! How much of its files a run holds at once.

use super::provider::Provider;
use super::*;
use ports::BatchJobState;

const MEGABYTE: u64 = 1024 * 1024;

/// A batch of 100 lines of 160 kB whose records the provider has.
async fn large_batch() -> Provider {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.limit(Limits { user_day: 100_000_000_000, ..Limits::default() }).await;
    let long = "x".repeat(160_000);
    let file: String =
        (1..=100).map(|number| line(&format!("r{number}"), &format!("{number} {long}"))).collect();
    scene.with_file(1, &file).await;
    provider.run_at(0).await.unwrap();
    provider
}

#[tokio::test]
async fn results_in_any_order_are_taken_for_one_part_of_the_input_at_a_time() {
    // The provider of the tests answers in reverse order, so that the first line has the last result.
    for in_order in [false, true] {
        let provider = large_batch().await;
        let files = &provider.scene.files;
        let mut ids = provider.record_ids();
        if in_order {
            ids.reverse();
        }
        let outputs = provider.answer(&ids);
        provider.jobs.end(&BatchJobState::Completed { outputs });
        let before = files.reads().len();
        provider.run_at(60).await.unwrap();

        let output = provider.scene.output(1);
        assert_eq!((provider.scene.status(1).await, output.len()), (BatchStatus::Completed, 100));
        for number in [1, 52, 100] {
            let body = &output[&format!("r{number}")]["response"]["body"];
            let text = format!("Answer to L{number:010}.");
            assert_eq!(body["choices"][0]["message"]["content"], text);
        }
        // Two parts of the input; the piece in which the second one begins is read for both.
        let (mut parts, mut results) = (vec![0], Vec::new());
        for read in files.reads().split_off(before) {
            if read.name.ends_with("/input.jsonl") {
                *parts.last_mut().unwrap() += read.bytes;
            } else if read.name.contains("/results/") {
                results.push(read.bytes);
                parts.push(0);
            }
        }
        parts.retain(|part| *part > 0);
        let most = parts.iter().max().unwrap();
        assert!(parts.len() == 2 && *most <= 10 * MEGABYTE, "{parts:?}");
        // The places of results are found by one read of the file, and each result is read once.
        let [whole, first, second] = results[..] else { panic!("{results:?}") };
        // The ends of lines behind them are not read again.
        assert_eq!(first + second + 2, whole, "{results:?}");
    }
}

#[tokio::test]
async fn chunks_are_read_ahead_a_few_megabytes_at_a_time() {
    let provider = Provider::start();
    let scene = &provider.scene;
    scene.with_file(1, &lines(100)).await;
    provider.run_at(0).await.unwrap();
    let outputs = provider.answer(&provider.record_ids());
    let place = BatchFileKey::provider_result(tenant(1), &id(1), &outputs[0]).unwrap();
    // 30 MB in four chunks.
    let text = scene.files.text(&place).unwrap().replace("Answer to", &"x".repeat(300_000));
    scene.files.bring(&place, text);
    provider.jobs.end(&BatchJobState::Completed { outputs });
    // The chunks are written, and the run ends before they are put together.
    scene.files.refuse_writes(Some("output.jsonl"));
    assert!(provider.run_at(60).await.is_err());
    scene.files.refuse_writes(None);
    scene.files.most_held();
    provider.run_at(1200).await.unwrap();
    let most = scene.files.most_held();
    assert_eq!((scene.status(1).await, scene.output(1).len()), (BatchStatus::Completed, 100));
    assert!((4..=5).contains(&most.reads), "{most:?}");
    assert!((2 * MEGABYTE..5 * MEGABYTE).contains(&most.bytes), "{most:?}");
}
