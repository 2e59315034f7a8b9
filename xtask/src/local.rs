//! The whole system on this machine: emulator, model server, the real `sam deploy` of the unchanged template, and the
//! main job against it.

use crate::Outcome;
use crate::artifacts::build_all_here;
use crate::environment::{Environment, folder, free_port, local, root, target};
use crate::error::{Error, at};
use crate::local_models::ModelPorts;
use crate::plan::{Plan, UpOptions};
use crate::run::{announced_url, run_logged, running, start, stop, wait_for};
use crate::say::{detail, heading, step};
use crate::{configure, local_models, main_job, tools};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A running deployment. All its files are in one folder.
pub struct Deployment {
    folder: PathBuf,
}

impl Deployment {
    /// The deployment that `up` makes.
    pub fn developer() -> Result<Self, Error> {
        Ok(Self { folder: folder(local().join("up"))? })
    }

    /// The deployment of the end-to-end tests, beside the developer's.
    pub(crate) fn tests() -> Result<Self, Error> {
        Ok(Self { folder: folder(local().join("e2e"))? })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Starts the servers that do not run yet and deploys the template; only changed functions are deployed again.
    pub(crate) fn bring_up(&self, plan: &Plan) -> Result<Endpoints, Error> {
        let port = self.emulator_runs_on().map_or_else(free_port, Ok)?;
        let model_url = step("starting the model server", || self.start_model_server(plan, port))?;
        step("starting the emulator", || self.start_emulator(&model_url, port))?;
        let local_models = local_models::bring_up(&self.folder, plan.local_models)?;
        let endpoints = Endpoints {
            api_url: format!("http://localhost:{port}"),
            aws_url: format!("http://127.0.0.1:{port}"),
            model_url,
            local_models,
        };
        step("deploying the template (sam deploy)", || self.deploy(&endpoints))?;
        step("configuring it", || self.configure(&endpoints, plan))?;
        Ok(endpoints)
    }

    /// Deploys the running deployment again with the same plan.
    pub fn deploy_again(&self) -> Outcome {
        let not_running = || Error::Content("nothing is running; `make up` starts it".into());
        let port = fs::read_to_string(self.file("emulator.port")).map_err(|_| not_running())?;
        let model_url = announced_url(&self.file("model-server.log")).ok_or_else(not_running)?;
        let endpoints = Endpoints {
            api_url: format!("http://localhost:{port}"),
            aws_url: format!("http://127.0.0.1:{port}"),
            model_url,
            // They are in the configuration, which stays.
            local_models: None,
        };
        self.deploy(&endpoints)
    }

    /// Stops everything and throws the stored data away.
    pub(crate) fn take_down(&self) -> Result<bool, Error> {
        let emulator = stop(&self.file("emulator.pid"))?;
        let model_server = stop(&self.file("model-server.pid"))?;
        let local_models = local_models::take_down(&self.folder)?;
        self.forget()?;
        Ok(emulator || model_server || local_models)
    }

    /// Starts the model server. Batch jobs read and write on the S3 of the emulator at this port.
    fn start_model_server(&self, plan: &Plan, emulator_port: u16) -> Result<String, Error> {
        let (pid, log, settings) = (
            self.file("model-server.pid"),
            self.file("model-server.log"),
            self.file("model-server.settings"),
        );
        let s3 = format!("http://127.0.0.1:{emulator_port}");
        let wanted = format!("{:?} {s3}", plan.forward);
        let same = fs::read_to_string(&settings).is_ok_and(|running_with| running_with == wanted);
        if let (true, Some(_), Some(url)) = (same, running(&pid), announced_url(&log)) {
            detail(format!("runs at {url}"));
            return Ok(url);
        }
        // The functions know the address, so the server keeps its port over restarts.
        let port = announced_url(&log).and_then(|url| url.rsplit(':').next()?.parse::<u16>().ok());
        stop(&pid)?;
        let port = match port {
            Some(port) => port,
            None => free_port()?,
        };
        // The server runs as a copy, so that the next build can replace the original.
        let program = self.file("model-server");
        fs::copy(target().join("debug/model-stub"), &program).map_err(at(&program))?;
        let mut command = Command::new(&program);
        command.args(["--port", &port.to_string(), "--s3", &s3]);
        command.env_remove("MODEL_URL").env_remove("MODEL_NAME");
        if let Some((url, name)) = &plan.forward {
            command.arg("--forward").arg(url);
            if let Some(name) = name {
                command.arg("--model-name").arg(name);
            }
        }
        let mut child = start(&mut command, &log, &pid)?;
        wait_for("the model server", 15, &log, &mut child, || announced_url(&log).is_some())?;
        fs::write(&settings, wanted).map_err(at(&settings))?;
        let url = announced_url(&log).unwrap_or_default();
        detail(format!("at {url}"));
        Ok(url)
    }

    /// The port of the running emulator.
    fn emulator_runs_on(&self) -> Option<u16> {
        running(&self.file("emulator.pid"))?;
        fs::read_to_string(self.file("emulator.port")).ok()?.trim().parse().ok()
    }

    fn start_emulator(&self, model_url: &str, port: u16) -> Outcome {
        if self.emulator_runs_on().is_some() {
            detail(format!("runs on port {port}"));
            return Ok(());
        }
        let (pid, log, port_file) =
            (self.file("emulator.pid"), self.file("emulator.log"), self.file("emulator.port"));
        self.forget()?;
        let mut child = start(
            Command::new(tools::tool("python"))
                .arg(root().join("local/emulator.py"))
                .args(["--port", &port.to_string(), "--bedrock", model_url, "--state"])
                .arg(self.file("state")),
            &log,
            &pid,
        )?;
        let health = format!("http://127.0.0.1:{port}/_ministack/health");
        wait_for("the emulator", 60, &log, &mut child, || answers(&health))?;
        fs::write(&port_file, port.to_string()).map_err(at(&port_file))?;
        detail(format!("on port {port}"));
        Ok(())
    }

    fn forget(&self) -> Outcome {
        let state = self.file("state");
        if state.exists() {
            fs::remove_dir_all(&state).map_err(at(&state))?;
        }
        Ok(())
    }

    /// Deploys the default configuration with the models of this plan. Functions that run already follow within a minute.
    fn configure(&self, endpoints: &Endpoints, plan: &Plan) -> Outcome {
        let default = root().join("infra/configuration.default.json");
        let text = fs::read_to_string(&default).map_err(at(&default))?;
        let mut document: Value =
            serde_json::from_str(&text).map_err(|error| Error::Content(error.to_string()))?;
        if let Some(members) = document.as_object_mut() {
            members.insert("fine_tuning".to_owned(), true.into());
            if let Some(chains) = members.get_mut("chains").and_then(Value::as_object_mut) {
                chains.insert("lead_scoring".to_owned(), plan.chain.as_slice().into());
            }
        }
        if let Some(models) = endpoints.local_models {
            models.configure(&mut document);
        }
        if let Some(providers) = document.get_mut("providers").and_then(Value::as_array_mut) {
            providers.extend(plan.provider(&endpoints.model_url));
        }
        let path = self.file("configuration.json");
        fs::write(&path, format!("{document:#}\n")).map_err(at(&path))?;
        let mut command = configure::deployment("local", Some(&path), true);
        as_root(&mut command, endpoints);
        run_logged("the configuration", &mut command, &self.file("configure.log"))
    }

    fn deploy(&self, endpoints: &Endpoints) -> Outcome {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        let mut sam = Command::new(tools::tool("sam"));
        sam.current_dir(root())
            .args(["deploy", "--config-env", "local", "--no-progressbar", "--parameter-overrides"])
            .arg("Environment=local")
            .arg(format!("Architecture={architecture}"))
            .arg("DomainName=localhost")
            .arg("CertificateArn=arn:aws:acm:us-east-1:000000000000:certificate/local")
            .arg(format!("TokenIssuer={}", endpoints.api_url))
            .arg("AllowedOrigins=http://localhost:3000,https://console.sextant.example")
            .arg("LogRetentionDays=1")
            .arg("RequestBurst=1000")
            .arg("AuthorizerConcurrency=0")
            .env("SAM_CLI_TELEMETRY", "0")
            // Seconds between two checks whether the deployment is done; the default of 5 is for AWS.
            .env("SAM_CLI_POLL_DELAY", "0.2");
        as_root(&mut sam, endpoints);
        run_logged("sam deploy", &mut sam, &self.file("deploy.log"))
    }
}

/// Lets a command call the emulator as the root of its account.
fn as_root(command: &mut Command, endpoints: &Endpoints) {
    command
        .env("AWS_ENDPOINT_URL", &endpoints.aws_url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env_remove("AWS_PROFILE");
}

/// The addresses of a deployment.
pub(crate) struct Endpoints {
    /// The API: the address before `/v1`.
    pub(crate) api_url: String,
    /// The AWS APIs of the emulator.
    pub(crate) aws_url: String,
    /// The model server.
    pub(crate) model_url: String,
    /// The models that come along, if they run.
    pub(crate) local_models: Option<ModelPorts>,
}

/// Builds, deploys and runs the main job.
pub(crate) fn up(options: &UpOptions) -> Outcome {
    let started = Instant::now();
    folder(local())?;
    step("installing SAM CLI and the emulator", tools::install)?;
    step("building the functions", || build_all_here(&["model-stub"]))?;
    let plan = Plan::of(options);
    let deployment = Deployment::developer()?;
    let endpoints = deployment.bring_up(&plan)?;
    if plan.forward.is_none() {
        detail("no model scores leads: the rules engine does. MODEL_URL=http://... uses a model");
    }
    let (environment, token) = step("running the main job", || {
        main_job::run(&endpoints.api_url, now_millis(), endpoints.local_models)
    })?;
    let path = local().join("environment.json");
    environment.write(&path)?;
    report(&environment, &token, endpoints.local_models, &path, started.elapsed());
    Ok(())
}

fn report(
    environment: &Environment,
    token: &str,
    local_models: Option<ModelPorts>,
    path: &Path,
    took: Duration,
) {
    heading(&format!("Sextant is up after {:.0} s.", took.as_secs_f64()));
    println!("  API        {}", environment.api_url);
    println!("  API page   {}/docs", environment.api_url);
    if let Some(models) = local_models {
        println!("  models     {}", models.names());
    }
    println!("  user       {}", environment.email);
    println!("  password   {}", environment.password);
    println!("  saved in   {}", path.display());
    println!("\n  Try it (the token is valid for 15 minutes):\n");
    println!("  curl -H 'Authorization: Bearer {token}' '{}/v1/leads?sort=score'\n", environment.api_url);
    println!("  `make up` again deploys what you changed, `make down` stops everything.");
}

/// Stops what `up` started.
pub(crate) fn down() -> Outcome {
    let was_up = Deployment::developer()?.take_down()?;
    let environment = local().join("environment.json");
    if environment.exists() {
        fs::remove_file(&environment).map_err(at(&environment))?;
    }
    println!("{}", if was_up { "Stopped." } else { "Nothing was running." });
    Ok(())
}

/// Builds the functions and the servers of a deployment.
pub(crate) fn prepare() -> Outcome {
    folder(local())?;
    step("installing SAM CLI and the emulator", tools::install)?;
    step("building the functions", || build_all_here(&["model-stub"]))
}

/// Milliseconds since 1970, which make each run different.
pub fn now_millis() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis())
}

/// Whether a server answers this address within two seconds, without an error.
pub(crate) fn answers(url: &str) -> bool {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build();
    ureq::Agent::from(config).get(url).call().is_ok()
}
