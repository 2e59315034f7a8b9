//! A new context: the crate of its use cases, its stack, its place in `template.yaml`, and its tag in the contract. The
//! stack begins as that of another context does; the loop over its functions must be the same in all.

use super::code::manifest;
use super::lock;
use super::names::{Names, wrong};
use super::plan::Plan;
use crate::error::Error;

/// The stack that a new one is copied from: it has no parameters of its own.
const LIKE: &str = "infra/analytics.yaml";
/// The beginning of the part that is the same in every stack.
const LOOP: &str = "  # The functions of this stack.";

/// Plans the context; `description` is one sentence.
pub(super) fn write(plan: &mut Plan<'_>, names: &Names, description: &str) -> Result<(), Error> {
    let description = description.trim().trim_end_matches('.');
    if description.is_empty() || !description.chars().all(is_plain) {
        return wrong(
            "describe the new context in one plain sentence, such as \"Messages to customers\"".to_owned(),
        );
    }
    use_cases(plan, names, description)?;
    let stack = stack(&plan.read(LIKE)?, description)?;
    plan.create(format!("infra/{}.yaml", names.context), stack)?;
    let (title, context) = (names.stack(), &names.context);
    plan.edit("template.yaml", |template| {
        let api = template.find(0, "  Api:")?;
        let order =
            template.find_where(api, template.end_of(api), |line| line.starts_with("    DependsOn: ["));
        let order = order.ok_or_else(|| template.missing("DependsOn: [...] below Api:"))?;
        let longer = template.line(order).trim_end_matches(']').to_owned() + &format!(", {title}]");
        template.replace(order, &longer);
        template.insert(api, &application(&title, context));
        Ok(())
    })?;
    plan.edit("infra/openapi.yaml", |contract| {
        let tags = contract.find(0, "tags:")?;
        contract
            .insert(contract.end_of(tags), &format!("  - name: {context}\n    description: {description}."));
        Ok(())
    })
}

/// Plans the crate of the context's use cases, which has none yet.
fn use_cases(plan: &mut Plan<'_>, names: &Names, description: &str) -> Result<(), Error> {
    let (name, folder) = (names.use_cases(), format!("shared/application/{}", names.context));
    let dependencies = ["application-core", "domain", "ports"];
    plan.create(format!("{folder}/Cargo.toml"), manifest(&name, &dependencies))?;
    plan.create(format!("{folder}/src/lib.rs"), format!("//! {description}.\n"))?;
    plan.edit("Cargo.lock", |lock| lock::add_package(lock, &name, &dependencies))?;
    plan.edit("Cargo.toml", |workspace| {
        let last = workspace.last_where(0, workspace.len(), |line| line.starts_with("application-"));
        let last = last.ok_or_else(|| workspace.missing("application-... = { path = \"...\" }"))?;
        workspace.insert(last + 1, &format!("{name} = {{ path = \"{folder}\" }}"));
        Ok(())
    })
}

/// Whether a character has no special meaning in YAML at this place.
fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || " ,-'".contains(character)
}

/// A stack without functions.
fn stack(like: &str, description: &str) -> Result<String, Error> {
    let gone = || Error::Content(format!("{LIKE} does not have the form from which a new stack can be made"));
    let (head, rest) = like.split_once("\nResources:\n").ok_or_else(gone)?;
    let loop_begins = rest.find(LOOP).ok_or_else(gone)?;
    let (before, list) =
        rest.get(loop_begins..).and_then(|text| text.split_once("    - [")).ok_or_else(gone)?;
    let (_, after) = list.split_once("]\n").ok_or_else(gone)?;
    let head: String = head
        .lines()
        .map(|line| match line.starts_with("Description: ") {
            true => format!("Description: {description}.\n"),
            false => format!("{line}\n"),
        })
        .collect();
    Ok(format!("{head}\nResources:\n{before}    - []\n{after}"))
}

/// The stack in the composition.
fn application(title: &str, context: &str) -> String {
    format!(
        "  {title}:
    Type: AWS::Serverless::Application
    DependsOn: Messaging
    Properties:
      Location: infra/{context}.yaml
      Parameters:
        Environment: !Ref Environment
        Architecture: !Ref Architecture
        CanaryDeployments: !If [IsAws, \"true\", \"false\"]
        LogRetentionDays: !Ref LogRetentionDays
        AlarmTopicArn: !Ref AlarmTopicArn
        DataKeyArn: !GetAtt Data.Outputs.DataKeyArn
      Tags: {{Project: sextant, Environment: !Ref Environment, Context: {context}}}

"
    )
}
