//! The arrows between crates. They point inward: a function knows the use cases of its own context, use cases and adapters
//! know the ports, the ports know the domain, and the domain knows nobody. An adapter knows no use case, so that a change
//! of a use case rebuilds no adapter, and links the functions of its own context again and no others.

use crate::gaps::settle;
use crate::tree::root;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

pub(crate) struct Package {
    pub(crate) name: String,
    /// The folder below the root, such as `shared/domain`.
    folder: String,
    /// The crates that it links.
    normal: Vec<String>,
    /// The crates that only its build script uses.
    build: Vec<String>,
    /// The first file of each of its test binaries, below the root.
    pub(crate) tests: Vec<String>,
}

impl Package {
    fn is_function(&self) -> bool {
        self.folder.starts_with("functions/")
    }

    fn is_adapter(&self) -> bool {
        self.name.starts_with("adapter-")
    }

    /// The context whose function, use cases or wiring this is.
    fn context(&self) -> Option<&str> {
        let function = self.folder.strip_prefix("functions/").and_then(|path| path.split('/').next());
        function.or_else(|| context_of(&self.name))
    }

    fn is_shipped(&self) -> bool {
        self.is_function() || (self.folder.starts_with("shared/") && self.name != "testkit")
    }
}

/// The context that a crate's name says: of its use cases, or of its wiring. A context may have several crates of
/// wiring, such as `wiring-ai` and `wiring-ai-models`, so that functions link no adapter that they don't use.
fn context_of(name: &str) -> Option<&str> {
    let use_cases = name.strip_prefix("application-").filter(|context| *context != "core");
    let wiring = || name.strip_prefix("wiring-").filter(|wiring| !SHARED_WIRING.contains(wiring));
    use_cases.or_else(|| wiring().and_then(|wiring| wiring.split('-').next()))
}

/// Wiring that functions of every context may use. Each crate brings its adapters to the functions that link it.
const SHARED_WIRING: [&str; 4] = ["core", "configuration", "lists", "mail"];

/// Contexts whose use cases go on with those of another. Whatever is added here links the functions of the first again
/// with each change of the second.
const BUILT_ON: [(&str, &str); 3] = [
    // A lead is judged by models.
    ("sales", "ai"),
    // A bill is made of what models cost.
    ("analytics", "ai"),
    // A bearer token may be an API key, which is the organization's.
    ("identity", "tenancy"),
];

/// Whether use cases, or wiring, of one context may know those of another.
fn is_built_on(context: Option<&str>, other: &str) -> bool {
    context == Some(other) || BUILT_ON.iter().any(|(one, two)| context == Some(*one) && *two == other)
}

/// Whether a package links another one, by itself or by what it links.
pub(crate) fn links(packages: &[Package], name: &str, target: &str) -> bool {
    let package = packages.iter().find(|package| package.name == name);
    package.is_some_and(|package| {
        package.normal.iter().any(|other| other == target || links(packages, other, target))
    })
}

pub(crate) fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let workspace = metadata["workspace_root"].as_str().unwrap();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let names = |kind: Value| {
                let all = package["dependencies"].as_array().unwrap().iter();
                all.filter(|dependency| dependency["kind"] == kind)
                    .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                    .collect()
            };
            let manifest = package["manifest_path"].as_str().unwrap();
            let targets = package["targets"].as_array().unwrap().iter();
            let tests = targets
                .filter(|target| target["kind"] == serde_json::json!(["test"]))
                .map(|target| target["src_path"].as_str().unwrap()[workspace.len() + 1..].to_owned())
                .collect();
            Package {
                name: package["name"].as_str().unwrap().to_owned(),
                folder: manifest[workspace.len() + 1..].trim_end_matches("/Cargo.toml").to_owned(),
                normal: names(Value::Null),
                build: names("build".into()),
                tests,
            }
        })
        .collect()
}

/// The crates of the project that a crate may link.
fn allowed(package: &Package, target: &str) -> bool {
    let core = ["application-core", "ports", "domain"].contains(&target);
    let use_cases = target.strip_prefix("application-");
    let wiring = target.strip_prefix("wiring-");
    let shared_wiring = wiring.is_some_and(|name| SHARED_WIRING.contains(&name));
    match package.name.as_str() {
        "domain" | "openapi" | "adapter-aws" => false,
        "contracts" | "ports" | "mail-templates" => target == "domain",
        // The job that sends mail writes it.
        "application-identity" if target == "mail-templates" => true,
        "presentation" => ["contracts", "domain"].contains(&target),
        "application-core" => ["ports", "domain"].contains(&target),
        // `feature-set` holds no code.
        "edge" => core || ["contracts", "feature-set"].contains(&target),
        "adapter-eventbridge" => ["ports", "domain", "contracts", "adapter-aws"].contains(&target),
        _ if package.is_adapter() => ["ports", "domain", "adapter-aws"].contains(&target),
        name if name.starts_with("application-") => {
            core || use_cases.is_some_and(|other| is_built_on(package.context(), other))
        }
        name if name.starts_with("wiring-") => {
            let built_on = context_of(target).is_some_and(|other| is_built_on(package.context(), other));
            // Several functions of a context may have a wire format alike.
            let shared = ["edge", "contracts"].contains(&target);
            core || built_on || shared_wiring || shared || target.starts_with("adapter-")
        }
        _ => {
            let own = context_of(target).is_some_and(|other| package.context() == Some(other));
            let shared = ["edge", "contracts", "presentation"].contains(&target);
            core || own || shared || shared_wiring || target.starts_with("adapter-")
        }
    }
}

#[test]
fn arrows_point_inward() {
    let packages = packages();
    let ours: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in packages.iter().filter(|package| package.is_shipped()) {
        for target in package.normal.iter().filter(|target| ours.contains(&target.as_str())) {
            if !allowed(package, target) {
                wrong.push(format!("{} -> {target}", package.name));
            }
        }
        // Build scripts may use the converter of the contract and no other crate of the project.
        for target in
            package.build.iter().filter(|target| ours.contains(&target.as_str()) && *target != "openapi")
        {
            wrong.push(format!("the build of {} -> {target}", package.name));
        }
    }
    settle("arrows", wrong);
}

fn package(folder: &str, name: &str) -> Package {
    Package {
        name: name.to_owned(),
        folder: folder.to_owned(),
        normal: Vec::new(),
        build: Vec::new(),
        tests: Vec::new(),
    }
}

#[test]
fn a_function_knows_the_use_cases_and_the_wiring_of_its_own_context_only() {
    let function = package("functions/sales/get-lead", "get-lead");
    for target in ["application-sales", "wiring-sales", "wiring-core", "application-core", "adapter-dynamodb"]
    {
        assert!(allowed(&function, target), "{target}");
    }
    for target in
        ["application-ai", "wiring-ai", "wiring-ai-models", "application-tenancy", "testkit", "get-usage"]
    {
        assert!(!allowed(&function, target), "{target}");
    }
    let function = package("functions/ai/list-models", "list-models");
    assert!(allowed(&function, "wiring-ai-models") && !allowed(&function, "wiring-sales"));
}

#[test]
fn use_cases_know_ports_and_what_they_are_built_on() {
    let sales = package("shared/application/sales", "application-sales");
    for target in ["application-core", "application-ai", "ports", "domain"] {
        assert!(allowed(&sales, target), "{target}");
    }
    let ai = package("shared/application/ai", "application-ai");
    let core = package("shared/application/core", "application-core");
    for target in ["application-sales", "wiring-ai", "edge", "contracts", "adapter-dynamodb"] {
        assert!(!allowed(&ai, target) && !allowed(&core, target), "{target}");
    }
    assert!(!allowed(&core, "application-ai"));
}

#[test]
fn an_adapter_knows_ports_and_no_use_case() {
    let adapter = package("shared/adapter-dynamodb", "adapter-dynamodb");
    for target in ["ports", "domain", "adapter-aws"] {
        assert!(allowed(&adapter, target), "{target}");
    }
    for target in ["application-core", "wiring-core", "wiring-ai", "edge", "contracts", "adapter-kms"] {
        assert!(!allowed(&adapter, target), "{target}");
    }
}

#[test]
fn only_the_edge_knows_lambda_and_each_adapter_one_service() {
    let mut wrong = Vec::new();
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for package in packages().into_iter().filter(Package::is_shipped) {
        let lambda = package.normal.iter().any(|name| name.starts_with("lambda_"));
        if lambda && package.name != "edge" {
            wrong.push(format!("{} names lambda", package.name));
        }
        let services: Vec<_> = package.normal.iter().filter(|name| name.starts_with("aws-sdk-")).collect();
        if services.len() > usize::from(package.is_adapter()) {
            wrong.push(format!("{} names {services:?}", package.name));
        }
        for service in services {
            if let Some(other) = owners.insert(service.clone(), package.name.clone()) {
                wrong.push(format!("{} and {other} both name {service}", package.name));
            }
        }
    }
    settle("services", wrong);
}

#[test]
fn three_adapters_speak_http() {
    let http = ["hyper", "hyper-util", "hyper-rustls", "rustls", "reqwest", "ureq", "webpki-roots"];
    let mut wrong = Vec::new();
    // `adapter-aws` has the connections of all SDKs. `adapter-remote-files` asks hosts that callers name: its connector
    // has a guard in its resolver, which servers of the configuration and AWS's endpoints must not have, because they may
    // be in a private network. `feature-set` names them for their features and holds no code.
    let others = ["adapter-aws", "adapter-openai", "adapter-remote-files", "feature-set"];
    for package in packages().into_iter().filter(|package| package.is_shipped()) {
        let named = package.normal.iter().filter(|name| http.contains(&name.as_str()));
        if !others.contains(&package.name.as_str()) {
            wrong.extend(named.map(|name| format!("{} -> {name}", package.name)));
        }
    }
    settle("http", wrong);
}

#[test]
fn the_inside_knows_no_outside() {
    let outside = ["tokio", "http", "hyper", "ureq", "tracing", "ring"];
    let mut wrong = Vec::new();
    for package in packages().into_iter().filter(|package| {
        let name = package.name.as_str();
        ["domain", "ports", "contracts", "presentation"].contains(&name) || name.starts_with("application-")
    }) {
        for name in &package.normal {
            // `ring` derives tokens, and `tracing` records a model's failure before the next model is asked.
            let needed =
                package.name.starts_with("application-") && ["ring", "tracing"].contains(&name.as_str());
            if (outside.contains(&name.as_str()) && !needed)
                || name.starts_with("aws-")
                || name.starts_with("lambda_")
            {
                wrong.push(format!("{} -> {name}", package.name));
            }
        }
    }
    settle("outside", wrong);
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    let wrong = packages().into_iter().filter(|package| {
        let manifest = std::fs::read_to_string(root().join(&package.folder).join("Cargo.toml")).unwrap();
        !manifest.contains("[lints]\nworkspace = true")
    });
    settle("lints", wrong.map(|package| package.name));
}
