//! The tests, tier by tier. `make test` runs all tiers; the duration of each is printed.

use crate::Outcome;
use crate::artifacts::{all_functions, cargo};
use crate::environment::local;
use crate::error::{Error, at};
use crate::local::{Deployment, prepare};
use crate::local_models::LocalModels;
use crate::plan::Plan;
use crate::run::{run, run_logged};
use crate::say::{heading, step, take_steps};
use crate::tools;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// The tiers, in the order they run: the cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tier {
    /// Formatting, lints, the tree of dependencies, the templates.
    Lint,
    /// Every crate's own tests, and the adapters against stubs and an embedded DynamoDB.
    Unit,
    /// Contract, stacks, functions, events and the crates' arrows in step.
    Conformance,
    /// Every function in-process against an embedded DynamoDB.
    Api,
    /// The deployed template over HTTP.
    E2e,
}

/// Options of `test`.
#[derive(Args)]
pub(crate) struct TestOptions {
    /// Only these tiers; all when none is named.
    #[arg(value_enum)]
    tiers: Vec<Tier>,
}

/// Packages with tests in a tier of their own.
const OWN_TIER: [&str; 3] = ["conformance", "api-tests", "e2e-tests"];

/// Runs the tests.
pub(crate) fn test(options: &TestOptions) -> Outcome {
    let all = [Tier::Lint, Tier::Unit, Tier::Conformance, Tier::Api, Tier::E2e];
    let tiers = if options.tiers.is_empty() { all.to_vec() } else { options.tiers.clone() };
    let mut times = Vec::new();
    for tier in tiers {
        let started = Instant::now();
        let result = match tier {
            Tier::Lint => lint(),
            Tier::Unit => unit(),
            Tier::Conformance => {
                step("the conformance tests", || run("the conformance tests", &mut only(&["conformance"])))
            }
            Tier::Api => step("the api tests", || run("the api tests", &mut only(&["api"]))),
            Tier::E2e => e2e(),
        };
        times.push(TierTime { tier, took: started.elapsed(), steps: take_steps() });
        if let Err(error) = result {
            println!("{}", table(&times));
            return Err(error);
        }
    }
    heading("All tests passed.");
    println!("{}", table(&times));
    Ok(())
}

/// The duration of a tier and of each of its successful steps.
struct TierTime {
    tier: Tier,
    took: Duration,
    steps: Vec<(String, Duration)>,
}

/// The tiers with their steps, in seconds, and the sum.
fn table(times: &[TierTime]) -> String {
    let mut rows = vec![format!("{:<56} {:>9}", "tier and step", "seconds")];
    let row = |name: &str, took: Duration| format!("{name:<56} {:>9.1}", took.as_secs_f64());
    for TierTime { tier, took, steps } in times {
        rows.push(row(&format!("{tier:?}").to_lowercase(), *took));
        rows.extend(steps.iter().map(|(what, took)| row(&format!("  {what}"), *took)));
    }
    rows.push(row("all", times.iter().map(|time| time.took).sum()));
    rows.join("\n")
}

fn lint() -> Outcome {
    step("cargo fmt", || {
        run("cargo fmt (run `cargo fmt --all`)", cargo().args(["fmt", "--all", "--check"]))
    })?;
    step("cargo clippy", || {
        let mut clippy = cargo();
        clippy.args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ]);
        run("cargo clippy", &mut clippy)
    })?;
    step("cargo deny", crate::deny::check)?;
    step("the lives of the registry's models", crate::models::models)?;
    step("installing the programs that check the templates", || {
        crate::environment::folder(local())?;
        tools::install_for_lint()
    })?;
    step("the templates (cfn-lint)", || {
        let mut lint = Command::new(tools::lint_tool("cfn-lint"));
        lint.current_dir(crate::environment::root());
        run_logged("cfn-lint", &mut lint, &local().join("cfn-lint.log"))
    })?;
    step("the templates as CloudFormation gets them (checkov)", || {
        let (root, folder) = (crate::environment::root(), local().join("templates"));
        crate::artifacts::write_contract()?;
        let mut transform = Command::new(tools::tool("python"));
        transform.arg(root.join("local/transform.py")).arg(&root).arg(&folder);
        run_logged("transforming the templates", &mut transform, &local().join("transform.log"))?;
        let mut checkov = Command::new(tools::lint_tool("checkov"));
        checkov.current_dir(&root).args(["--config-file", ".checkov.yaml", "--directory"]).arg(&folder);
        run_logged("checkov", &mut checkov, &local().join("checkov.log"))
    })
}

fn unit() -> Outcome {
    let workspace = || {
        let mut test = cargo();
        test.args(["test", "--locked", "--workspace", "--quiet"]);
        for package in OWN_TIER {
            test.args(["--exclude", package]);
        }
        test
    };
    let mut test = workspace();
    test.args(["--lib", "--test", "*"]);
    for name in binaries_with_tests()? {
        test.args(["--bin", &name]);
    }
    step("the unit tests", || run("the unit tests", &mut test))?;
    step("the examples in documentation", || run("the examples in documentation", workspace().arg("--doc")))
}

/// The binaries that may have tests: all except those of functions. A function's `main.rs` only wires, and a
/// conformance test forbids tests in it, so that none of these binaries has to be linked twice.
fn binaries_with_tests() -> Result<Vec<String>, Error> {
    let functions = all_functions()?;
    let mut metadata = cargo();
    metadata.args(["metadata", "--no-deps", "--locked", "--format-version", "1"]);
    let output = metadata.output().map_err(at("cargo metadata"))?;
    let broken = |problem: String| Error::Content(format!("cargo metadata: {problem}"));
    if !output.status.success() {
        return Err(broken(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| broken(error.to_string()))?;
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let targets =
        packages.flat_map(|package| package.get("targets").and_then(Value::as_array).into_iter().flatten());
    let is_binary = |target: &&Value| target.get("kind") == Some(&json!(["bin"]));
    let names = targets.filter(is_binary).filter_map(|target| target.get("name")?.as_str());
    Ok(names.map(str::to_owned).filter(|name| !functions.contains(name)).collect())
}

/// Tests of one tier. They are chosen by target among the whole workspace: chosen by package, cargo would compile the
/// dependencies anew with the features of that package alone.
fn only(targets: &[&str]) -> Command {
    let mut test = cargo();
    test.args(["test", "--locked", "--workspace"]);
    for target in targets {
        test.args(["--test", target]);
    }
    test
}

/// Deploys the template for the tests alone, runs them, and takes the deployment down in any case.
fn e2e() -> Outcome {
    prepare()?;
    step("looking for a browser", crate::browser::ensure)?;
    let deployment = Deployment::tests()?;
    deployment.take_down()?;
    let result = deployed_tests(&deployment);
    let down = deployment.take_down();
    result?;
    down.map(drop)
}

fn deployed_tests(deployment: &Deployment) -> Outcome {
    // A model first, so that the tests can script its answers, and the rules when it fails.
    let plan = Plan {
        chain: vec!["amazon.nova-pro-v1:0", "rules"],
        forward: None,
        in_openai_format: vec!["gpt-4.1-mini", "text-embedding-3-small"],
        local_models: LocalModels::Off,
    };
    let endpoints = deployment.bring_up(&plan)?;
    let path = local().join("e2e/environment.json");
    let clients = step("installing client libraries of models", tools::install_clients)?;
    let environment = json!({
        "api_url": endpoints.api_url, "aws_url": endpoints.aws_url, "model_url": endpoints.model_url,
        "python": tools::tool("python"), "client_python": clients.python,
        "client_python_openai_2": clients.python_openai_2, "node": clients.node, "javascript": clients.javascript,
    });
    fs::write(&path, environment.to_string()).map_err(at(&path))?;
    // Cargo runs the test binaries in the order of their names: `logs` reads the logs that `e2e` left.
    let mut test = only(&["e2e", "logs"]);
    test.env("SEXTANT_E2E_ENVIRONMENT", &path);
    step("the end-to-end tests", || run("the end-to-end tests", &mut test))
}

#[cfg(test)]
mod tests {
    use super::{Tier, TierTime, table};
    use std::time::Duration;

    #[test]
    fn every_tier_and_step_has_its_row() {
        let steps = vec![("cargo fmt".to_owned(), Duration::from_millis(1_300))];
        let lint = TierTime { tier: Tier::Lint, took: Duration::from_secs(60), steps };
        let api = TierTime { tier: Tier::Api, took: Duration::from_secs(90), steps: Vec::new() };
        let rows: Vec<String> = table(&[lint, api])
            .lines()
            .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(rows, ["tier and step seconds", "lint 60.0", "cargo fmt 1.3", "api 90.0", "all 150.0"]);
    }
}
