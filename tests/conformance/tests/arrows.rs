//! The arrows between crates. They point inward: functions and adapters link the application, the application links the
//! domain, and the domain links no other crate of the project.

use crate::gaps::settle;
use crate::tree::root;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

struct Package {
    name: String,
    /// The folder below the root, such as `shared/domain`.
    folder: String,
    /// The crates that it links.
    normal: Vec<String>,
    /// The crates that only its build script uses.
    build: Vec<String>,
}

impl Package {
    fn is_function(&self) -> bool {
        self.folder.starts_with("functions/")
    }

    fn is_adapter(&self) -> bool {
        self.name.starts_with("adapter-")
    }

    fn is_shipped(&self) -> bool {
        self.is_function() || (self.folder.starts_with("shared/") && self.name != "testkit")
    }
}

fn packages() -> Vec<Package> {
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
            Package {
                name: package["name"].as_str().unwrap().to_owned(),
                folder: manifest[workspace.len() + 1..].trim_end_matches("/Cargo.toml").to_owned(),
                normal: names(Value::Null),
                build: names("build".into()),
            }
        })
        .collect()
}

/// The crates of the project that a crate may link.
fn allowed(package: &Package, target: &str) -> bool {
    match package.name.as_str() {
        "domain" | "openapi" | "adapter-aws" => false,
        "contracts" | "application" => target == "domain",
        "presentation" => ["contracts", "domain"].contains(&target),
        // `feature-set` holds no code.
        "edge" => ["application", "domain", "contracts", "feature-set"].contains(&target),
        "adapter-eventbridge" => ["application", "domain", "contracts", "adapter-aws"].contains(&target),
        _ if package.is_adapter() => ["application", "domain", "adapter-aws"].contains(&target),
        _ => {
            ["edge", "application", "domain", "contracts", "presentation"].contains(&target)
                || target.starts_with("adapter-")
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
fn one_adapter_speaks_http_beside_the_sdks() {
    let http = ["hyper", "hyper-util", "hyper-rustls", "rustls", "reqwest", "ureq", "webpki-roots"];
    let mut wrong = Vec::new();
    // `feature-set` names them for their features and holds no code.
    let others = ["adapter-openai", "feature-set"];
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
        ["domain", "application", "contracts", "presentation"].contains(&package.name.as_str())
    }) {
        for name in &package.normal {
            // `ring` derives tokens, and `tracing` records a model's failure before the next model is asked.
            let needed = package.name == "application" && ["ring", "tracing"].contains(&name.as_str());
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
