//! Measures one path through the gateway with the deployed form of the function, a provider that answers at once, and
//! `aws-stub`.

use super::mode::{Path, Wire};
use super::provider::read_message;
use crate::function::Function;
use crate::measure::{self, by_operation, count};
use crate::process::{Process, peak_memory, status};
use crate::world::World;
use runtime_api::{Answer, RuntimeApi, Source};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use xtask::environment::target;
use xtask::error::{Error, at};

/// The number of requests before the measurement, and of measured ones.
const WARM: u32 = 200;
const MEASURED: u32 = 2_000;
/// The most measured requests over a limit that may be answered nevertheless.
const MOST_OTHERS: usize = 40;
/// The numbers of requests under callgrind. The cost of one request is computed from the difference.
const FEW: u32 = 50;
const MANY: u32 = 250;

/// The costs of a path.
#[derive(Debug, Serialize)]
pub(super) struct Cost {
    pub(super) path: &'static str,
    /// CPU time of the process for one request, in microseconds, and the kernel's part of it.
    pub(super) cpu_us: f64,
    pub(super) system_us: f64,
    /// Instructions of one request.
    pub(super) instructions: u64,
    /// The most memory that the process had.
    pub(super) peak_memory_bytes: u64,
    /// The median time from handing out the event until the function requests the next one, and the same without the
    /// provider's time.
    pub(super) p50_us: f64,
    pub(super) added_p50_us: f64,
    /// Calls to AWS of one request, without those to models.
    pub(super) calls: Vec<(String, f64)>,
}

/// The function, or the same function without its state, and its variables.
pub(super) struct Subject {
    function: Function,
    variables: BTreeMap<String, String>,
}

impl Subject {
    pub(super) fn find(world: &World, path: Path, provider: &str) -> Result<Self, Error> {
        let mut function = Function::find("create-chat-completion")?;
        if !path.has_state() {
            function.name = "gateway-without-state".to_owned();
            function.binary = target().join("release/gateway-without-state");
        }
        let base_url = format!("{provider}/v1");
        world.control().configure(&json!({
            "version": 1,
            "chains": {"lead_scoring": ["rules"], "completion": ["us.amazon.nova-lite-v1:0"]},
            "providers": [{"name": "bench", "base_url": base_url, "models": ["gpt-4o-mini"]}],
            // All requests of a path are of one organization, whose own limit would end the measurement.
            "limits": {"ai_calls_organization": {"requests": 10_000, "period_seconds": 60}},
        }))?;
        let mut variables = world.variables(&function, false);
        if !path.has_state() {
            variables.insert("OPENAI_BASE_URL".to_owned(), base_url);
        }
        variables.insert("AWS_ENDPOINT_URL_BEDROCK_RUNTIME".to_owned(), provider.to_owned());
        Ok(Self { function, variables })
    }
}

/// Instructions until the function waits for its first event.
pub(super) fn start(world: &World, provider: &str) -> Result<u64, Error> {
    let subject = Subject::find(world, Path::Miss(Wire::OpenAi), provider)?;
    under_callgrind(&subject, Vec::new(), "ai.0", |_| true)
}

/// All measurements of a path.
pub(super) fn cost(world: &mut World, path: Path, provider: &str) -> Result<Cost, Error> {
    let subject = Subject::find(world, path, provider)?;
    let timed = timed(world, &subject, path)?;
    let direct = path.direct().map(|(to, body)| direct(provider, to, &body.to_string())).transpose()?;
    let mut instructions = [0; 2];
    for (sum, requests) in instructions.iter_mut().zip([FEW, MANY]) {
        let events = path.requests(world, path.prelude() + requests)?;
        let events = events.into_iter().map(|event| event.0).collect();
        let run = format!("{}.{requests}", path.name().replace([' ', ','], "-"));
        *sum = under_callgrind(&subject, events, &run, |answer| is_wanted(path, answer))?;
    }
    let [few, many] = instructions;
    let added = timed.p50.saturating_sub(direct.unwrap_or_default());
    Ok(Cost {
        path: path.name(),
        cpu_us: micros(timed.cpu) / f64::from(MEASURED),
        system_us: micros(timed.system) / f64::from(MEASURED),
        instructions: many.saturating_sub(few) / u64::from(MANY - FEW),
        peak_memory_bytes: timed.peak_memory_bytes,
        p50_us: micros(timed.p50),
        added_p50_us: micros(added),
        calls: timed.calls,
    })
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Whether an answer belongs to the path. Callers are answered until a limit or a budget is used up, and with a limit
/// once a second afterwards.
fn is_wanted(path: Path, answer: &Answer) -> bool {
    let status = status(answer);
    status == Some(path.status()) || (path.prelude() > 0 && status == Some(200))
}

fn under_callgrind(
    subject: &Subject,
    events: Vec<serde_json::Value>,
    run: &str,
    wanted: impl Fn(&Answer) -> bool,
) -> Result<u64, Error> {
    let function = &subject.function;
    let profile = measure::profile(function, run.to_owned())?;
    let requests = u32::try_from(events.len()).unwrap_or(u32::MAX);
    let mut events = events.into_iter();
    let source: Source = Box::new(move |_| events.next());
    let command = measure::callgrind(&profile, function);
    let runtime_api = RuntimeApi::start_acknowledging(source).map_err(at("127.0.0.1:0"))?;
    let mut process = Process::start_on(runtime_api, function, command, &subject.variables)?;
    process.serve_to(function, requests, wanted)?;
    process.end_itself()?;
    measure::counted(&profile)
}

struct Timed {
    cpu: Duration,
    system: Duration,
    p50: Duration,
    peak_memory_bytes: u64,
    calls: Vec<(String, f64)>,
}

/// Observations while the requests are handed out.
#[derive(Default)]
struct Clock {
    handed_out: u32,
    last: Option<Instant>,
    times: Vec<Duration>,
    before: (Duration, Duration),
}

fn timed(world: &mut World, subject: &Subject, path: Path) -> Result<Timed, Error> {
    let warm = WARM + path.prelude();
    let mut events = path.requests(world, warm + MEASURED)?.into_iter();
    let clock = Arc::new(Mutex::new(Clock::default()));
    let pid = Arc::new(AtomicU32::new(0));
    let (ticking, process_id, control) = (Arc::clone(&clock), Arc::clone(&pid), world.control());
    let source: Source = Box::new(move |_| {
        let mut clock = ticking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = clock.last.filter(|_| clock.handed_out > warm) {
            clock.times.push(last.elapsed());
        }
        if clock.handed_out == warm {
            let _ = control.calls();
            clock.before = cpu(process_id.load(Ordering::SeqCst)).unwrap_or_default();
        }
        clock.handed_out += 1;
        let event = events.next()?;
        clock.last = Some(Instant::now());
        Some(event.0)
    });
    let function = &subject.function;
    let command = Command::new(&function.binary);
    let runtime_api = RuntimeApi::start_acknowledging(source).map_err(at("127.0.0.1:0"))?;
    let mut process = Process::start_on(runtime_api, function, command, &subject.variables)?;
    pid.store(process.pid(), Ordering::SeqCst);
    let answers = process.serve_to(function, warm + MEASURED, |answer| is_wanted(path, answer))?;
    let (user, system) = cpu(process.pid())?;
    let calls = world.control().calls()?;
    let peak_memory_bytes = peak_memory(process.pid())?;
    process.end_itself()?;
    let counted = answers.iter().rev().take(usize::try_from(MEASURED).unwrap_or_default());
    let other = counted.filter(|answer| status(answer) != Some(path.status())).count();
    if other > MOST_OTHERS {
        let problem = format!("{other} of {MEASURED} answers were no {}", path.status());
        return Err(Error::Answer { what: path.name().to_owned(), problem });
    }
    let mut clock = clock.lock().unwrap_or_else(PoisonError::into_inner);
    let (user, system) = (user.saturating_sub(clock.before.0), system.saturating_sub(clock.before.1));
    clock.times.sort();
    let middle = clock.times.get(clock.times.len() / 2).copied().unwrap_or_default();
    let cpu = user + system;
    let calls = by_operation(&calls, count(MEASURED));
    Ok(Timed { cpu, system, p50: middle, peak_memory_bytes, calls })
}

/// CPU time of a process so far, as user and as kernel: fields 14 and 15 of its statistics, in hundredths of a second.
fn cpu(pid: u32) -> Result<(Duration, Duration), Error> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    ticks(&text).ok_or_else(|| Error::Content(format!("{path} is not as expected")))
}

fn ticks(stat: &str) -> Option<(Duration, Duration)> {
    // The second field is in parentheses and may contain blanks; the text after it begins with the third field.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || Some(Duration::from_millis(fields.next()?.parse::<u64>().ok()? * 10));
    Some((next()?, next()?))
}

/// The median time of a direct call to the provider, on one connection.
fn direct(provider: &str, path: &str, body: &str) -> Result<Duration, Error> {
    let address = provider.trim_start_matches("http://");
    let broken = || at(provider);
    let stream = TcpStream::connect(address).map_err(broken())?;
    stream.set_nodelay(true).map_err(broken())?;
    let (mut reader, mut writer) = (BufReader::new(&stream), &stream);
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json");
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut times = Vec::new();
    for _ in 0..1_000 {
        let began = Instant::now();
        writer.write_all(request.as_bytes()).map_err(broken())?;
        read_message(&mut reader).map_err(broken())?;
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_of_a_process() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 200 0 0 11 12 30 4 20 0 1 0 12345 1 1";
        assert_eq!(ticks(stat), Some((Duration::from_millis(110), Duration::from_millis(120))));
        assert_eq!(ticks("7 (x) S"), None);
    }
}
