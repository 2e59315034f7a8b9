//! Checks that a function built for AWS runs at all: one function for Graviton, under an emulator of the processor,
//! against a Runtime API on this machine. It is not a test of the function's behaviour; the other tiers are.

use crate::Outcome;
use crate::artifacts::{Architecture, build_for_aws};
use crate::environment::{folder, local, root};
use crate::error::{Error, at};
use crate::run::run_logged;
use crate::say::{detail, step};
use runtime_api::RuntimeApi;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// This function needs no AWS service, and much of its answer is known.
const FUNCTION: &str = "get-openapi";
const SAMPLE: &str = "events/platform/get-openapi.json";

/// Emulation is slow, and slower on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The emulator and the C library of the foreign processor, as Debian packages them.
const EMULATOR: &str = "qemu-aarch64";
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";
const PACKAGES: [&str; 2] = ["qemu-user", "libc6-arm64-cross"];

/// Builds a function for Graviton, runs it and checks its answer.
pub(crate) fn smoke() -> Outcome {
    folder(local())?;
    let functions = [FUNCTION.to_owned()];
    let built = step("building a function for arm64", || build_for_aws(&functions, Architecture::Arm64))?
        .join(FUNCTION);
    let foreign = !cfg!(target_arch = "aarch64");
    if foreign {
        step("looking for the emulator of the processor", emulator)?;
    }
    step("running it", || {
        let answer = answer(&built, foreign)?;
        check(&answer)?;
        detail(format!("{FUNCTION} answered 200 with the whole contract"));
        Ok(())
    })
}

fn emulator() -> Outcome {
    let there = || {
        let runs = Command::new(EMULATOR).arg("--version").stdout(Stdio::null()).status();
        runs.is_ok_and(|status| status.success()) && Path::new(LIBRARIES).exists()
    };
    if there() {
        return Ok(());
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if is_root {
        let mut install = Command::new("apt-get");
        install.args(["install", "--yes", "--no-install-recommends"]).args(PACKAGES);
        run_logged("installing the emulator", &mut install, &local().join("apt.log"))?;
    }
    if there() {
        return Ok(());
    }
    let packages = PACKAGES.join(" ");
    Err(Error::Content(format!("{EMULATOR} is not there. Install it: sudo apt-get install {packages}")))
}

/// A process that is ended when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answer(built: &PathBuf, foreign: bool) -> Result<Value, Error> {
    let sample = root().join(SAMPLE);
    let event = fs::read_to_string(&sample).map_err(at(&sample))?;
    let event = serde_json::from_str(&event).map_err(|error| Error::Content(format!("{SAMPLE}: {error}")))?;
    let runtime_api = RuntimeApi::with_events([event]).map_err(at("127.0.0.1:0"))?;
    let mut command = if foreign {
        let mut emulated = Command::new(EMULATOR);
        emulated.args(["-L", LIBRARIES]).arg(built);
        emulated
    } else {
        Command::new(built)
    };
    let log = local().join("smoke.log");
    let output = fs::File::create(&log).map_err(at(&log))?;
    let errors = output.try_clone().map_err(at(&log))?;
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address())
        .env("AWS_LAMBDA_FUNCTION_NAME", FUNCTION)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors);
    let mut process = Running(command.spawn().map_err(at(built))?);
    let answers = runtime_api.all_answers(PATIENCE, || matches!(process.0.try_wait(), Ok(None)));
    let answer = answers.and_then(|answers| answers.into_iter().next());
    answer.map(|answer| answer.json()).ok_or_else(|| Error::Answer {
        what: format!("running {}", built.display()),
        problem: format!("it ended or hangs; its log is {}", log.display()),
    })
}

fn check(answer: &Value) -> Outcome {
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let has_routes = document.pointer("/paths/~1v1~1leads/post/operationId") == Some(&"createLead".into());
    if answer.get("statusCode") == Some(&200.into()) && has_routes {
        return Ok(());
    }
    let shown: String = answer.to_string().chars().take(500).collect();
    Err(Error::Answer { what: FUNCTION.to_owned(), problem: format!("not the contract: {shown}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_contract_passes() {
        let contract = json!({"paths": {"/v1/leads": {"post": {"operationId": "createLead"}}}}).to_string();
        assert!(check(&json!({"statusCode": 200, "body": contract})).is_ok());
        assert!(check(&json!({"statusCode": 500, "body": contract})).is_err());
        assert!(check(&json!({"statusCode": 200, "body": "{}"})).is_err());
        assert!(check(&Value::Null).is_err());
    }
}
