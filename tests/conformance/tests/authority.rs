//! Permissions of routes: the table in `tests/authorization.yaml`, the contract and the domain must agree.

use crate::contract::{contract, operations};
use crate::tree::{function_folders, kebab, read};
use domain::authority::{
    CreateCompletions, CreateEmbeddings, ManageApiKeys, ManageBudget, ManageFineTunes, ManageMembers,
    Permission, PermissionReach, ReadAnalytics, ReadAuditLog, ReadBilling, ReadBudget, ReadFlags, ReadLeads,
    ReadMembers, ReadModels, ReadOrganization, RemoveMembers, Scope, ScoreLeads, ScoreManyLeads, UseAccount,
    UseBatches, UseJobs, UseNotifications, WriteLeads,
};
use domain::tenancy::Role;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The reach of a permission for each role, whether keys may hold it, and by which scope.
struct Granted {
    reach: fn(Role) -> Option<PermissionReach>,
    for_keys: bool,
    scope: &'static str,
}

fn permissions() -> BTreeMap<&'static str, Granted> {
    fn entry<P: Permission>() -> (&'static str, Granted) {
        (P::NAME, Granted { reach: P::reach, for_keys: P::FOR_KEYS, scope: P::SCOPE })
    }
    BTreeMap::from([
        entry::<ReadLeads>(),
        entry::<WriteLeads>(),
        entry::<ScoreLeads>(),
        entry::<ScoreManyLeads>(),
        entry::<UseNotifications>(),
        entry::<UseAccount>(),
        entry::<ReadOrganization>(),
        entry::<ManageApiKeys>(),
        entry::<ReadMembers>(),
        entry::<ManageMembers>(),
        entry::<RemoveMembers>(),
        entry::<CreateCompletions>(),
        entry::<UseBatches>(),
        entry::<CreateEmbeddings>(),
        entry::<ReadModels>(),
        entry::<ReadFlags>(),
        entry::<ReadBudget>(),
        entry::<ReadAnalytics>(),
        entry::<ReadBilling>(),
        entry::<ManageBudget>(),
        entry::<ManageFineTunes>(),
        entry::<ReadAuditLog>(),
        entry::<UseJobs>(),
    ])
}

fn table() -> BTreeMap<String, Value> {
    serde_yaml_ng::from_str(&read("tests/authorization.yaml")).unwrap()
}

#[test]
fn the_table_and_the_contract_agree() {
    let mut documented = BTreeMap::new();
    for operation in operations() {
        let roles = &operation.node["x-sextant-roles"];
        let entry = if roles == "public" {
            assert!(operation.is_public(), "{} says public and asks for a session", operation.id);
            BTreeMap::new()
        } else {
            let security = &operation.node["security"];
            // Only API keys are sent in another header.
            let by_header = serde_json::json!([{"session": []}, {"apiKey": []}]);
            let for_keys = roles.as_array().unwrap().contains(&"api_key".into());
            let right =
                *security == serde_json::json!([{"session": []}]) || (for_keys && *security == by_header);
            assert!(right, "{}: {security}", operation.id);
            let own =
                operation.node.get("x-sextant-own").and_then(Value::as_array).cloned().unwrap_or_default();
            let roles = roles.as_array().unwrap();
            assert!(own.iter().all(|role| roles.contains(role)), "{}", operation.id);
            let reach = |role: &Value| if own.contains(role) { "own" } else { "tenant" };
            roles.iter().map(|role| (role.as_str().unwrap().to_owned(), reach(role).to_owned())).collect()
        };
        documented.insert(operation.id.to_owned(), entry);
    }
    let tabled: BTreeMap<String, BTreeMap<String, String>> = table()
        .into_iter()
        .map(|(operation, entry)| {
            let roles = entry
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(name, _)| *name != "permission" && *name != "scope");
            (
                operation,
                roles.map(|(role, reach)| (role.clone(), reach.as_str().unwrap().to_owned())).collect(),
            )
        })
        .collect();
    assert_eq!(documented, tabled);
}

#[test]
fn the_table_and_the_domain_agree() {
    let permissions = permissions();
    let mut used = BTreeSet::new();
    for (operation, entry) in table().into_iter().filter(|(_, entry)| entry != "public") {
        let name = entry["permission"].as_str().unwrap();
        let granted = permissions.get(name).unwrap_or_else(|| panic!("{operation}: no permission {name}"));
        used.insert(name.to_owned());
        for role in Role::ALL {
            let tabled = entry.get(role.as_str()).and_then(Value::as_str);
            let decided = (granted.reach)(role).map(|reach| match reach {
                PermissionReach::Own => "own",
                PermissionReach::Tenant => "tenant",
            });
            assert_eq!(tabled, decided, "{operation} {}", role.as_str());
        }
        // A key has no objects of its own: it reaches the whole tenant or nothing.
        let tabled = entry.get("api_key").and_then(Value::as_str);
        assert_eq!(tabled, granted.for_keys.then_some("tenant"), "{operation} api_key");
        // Without a scope of its own, a permission is one.
        let scope = entry.get("scope").and_then(Value::as_str).unwrap_or(name);
        assert_eq!(scope, granted.scope, "{operation} scope");
    }
    assert_eq!(used, permissions.keys().map(|name| (*name).to_owned()).collect());
}

#[test]
fn scopes_are_the_permissions_for_keys() {
    let scopes: BTreeSet<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    let permissions = permissions();
    let for_keys = permissions.values().filter(|granted| granted.for_keys);
    assert_eq!(scopes, for_keys.map(|granted| granted.scope).collect());
    let documented = &contract()["components"]["schemas"]["Scope"]["enum"];
    let documented = documented.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    assert_eq!(scopes, documented.collect());
}

/// The calls that give a route the configured limit. The second one is made of the first.
const COUNT_READS_OF_KEYS: [&str; 2] = ["wiring_configuration::read_limit(", "wiring_ai_models::read_route("];

/// Reads of API keys have a limit of their organization, which operators can configure.
#[test]
fn reads_of_api_keys_are_counted_with_the_configured_limit() {
    let table = table();
    let folders = function_folders();
    let mut seen = 0;
    for operation in operations().iter().filter(|operation| operation.method == "GET") {
        if !table[operation.id]["api_key"].is_string() {
            continue;
        }
        let (context, name) = folders.iter().find(|(_, name)| *name == kebab(operation.id)).unwrap();
        let main = read(&format!("functions/{context}/{name}/src/main.rs"));
        let counts = COUNT_READS_OF_KEYS.iter().any(|call| main.contains(call));
        assert!(counts, "{name}");
        seen += 1;
    }
    assert!(seen >= 3, "{seen}");
    assert!(read("shared/wiring/ai-models/src/lib.rs").contains(COUNT_READS_OF_KEYS[0]));
}

#[test]
fn every_read_is_counted_against_its_caller() {
    let reads =
        operations().into_iter().filter(|operation| operation.method == "GET" && !operation.is_public());
    let mut counted = BTreeSet::new();
    for operation in reads {
        let handler = format!("functions/{}/{}/src/lib.rs", operation.tag, kebab(operation.id));
        assert!(read(&handler).contains("type Limit = ReadLimit;"), "{handler} does not count its requests");
        counted.insert(handler);
    }
    assert!(counted.len() >= 14, "{counted:?}");
}
