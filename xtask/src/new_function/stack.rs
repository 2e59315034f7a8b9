//! The function in the stack of its context: function, role, log group, alarms; and for a route its way to the API. The
//! role may write logs and traces, record a refused access, and take from its own queue; what else it needs is added with the
//! code that needs it.

use super::names::{Names, wrong};
use super::plan::Plan;
use super::text::Text;
use super::trigger::Trigger;
use crate::error::Error;

/// Plans the function's resources.
pub(super) fn write(plan: &mut Plan<'_>, names: &Names, trigger: &Trigger) -> Result<(), Error> {
    let path = format!("infra/{}.yaml", names.context);
    let pascal = names.pascal();
    plan.edit(&path, |stack| {
        for kind in ["Function", "Role", "Logs", "Errors", "Failures", "Throttles"] {
            if stack.find(0, &format!("  {pascal}{kind}:")).is_ok() {
                return wrong(format!("{path} has a {pascal}{kind}; choose another name"));
            }
        }
        if matches!(trigger, Trigger::Http(_)) {
            // A route records whom it refuses.
            for parameter in ["LedgerTable", "LedgerTableArn", "StateTable", "EphemeralTable", "EphemeralTableArn"] {
                if stack.find(0, &format!("  {parameter}:")).is_err() {
                    return wrong(format!(
                        "{path} has no parameter {parameter}, which a route needs to record whom it refuses; add it \
                         there and in template.yaml"
                    ));
                }
            }
        }
        let alarms = stack.find(0, "  Fn::ForEach::Alarms:")?;
        stack.insert(stack.above_comments(alarms), &resources(names, trigger));
        stack.add_to_loop("Alarms", &pascal, |_| true)?;
        let mappings = stack.find(0, "Mappings:")?;
        let functions = stack.find(mappings, "  Functions:")?;
        stack.insert(stack.end_of(functions), &format!("    {pascal}: {{Name: {}}}", names.name));
        match trigger {
            Trigger::Http(_) => {
                let outputs = stack.find(0, "Outputs:")?;
                let output = format!("  {pascal}FunctionArn:\n    Value: !Ref {pascal}Function.Alias");
                stack.insert(stack.end_of(outputs), &output);
            }
            Trigger::Queue(_) => {
                let parameters = stack.find(0, "Parameters:")?;
                stack.insert(stack.end_of(parameters), &format!("  {pascal}QueueArn:\n    Type: String"));
            }
            Trigger::Schedule(_) => {}
        }
        Ok(())
    })?;
    if matches!(trigger, Trigger::Http(_)) { write_api(plan, names) } else { Ok(()) }
}

/// Plans what the API is told of the function, beside the functions of its context.
fn write_api(plan: &mut Plan<'_>, names: &Names) -> Result<(), Error> {
    let arn = format!("{}FunctionArn", names.pascal());
    let mut neighbour = String::new();
    plan.edit("template.yaml", |template| {
        let stack = names.stack();
        let api = template.find(0, "  Api:")?;
        let end = template.end_of(api);
        let of_context = format!("FunctionArn: !GetAtt {stack}.Outputs.");
        let last = template
            .last_where(api, end, |line| line.contains(&of_context))
            .or_else(|| template.last_where(api, end, |line| line.contains("FunctionArn: !GetAtt ")));
        let last = last.ok_or_else(|| template.missing("<Name>FunctionArn: !GetAtt <Stack>.Outputs..."))?;
        neighbour = template.line(last).trim().split(':').next().unwrap_or_default().to_owned();
        template.insert(last + 1, &format!("        {arn}: !GetAtt {stack}.Outputs.{arn}"));
        Ok(())
    })?;
    plan.edit("infra/api.yaml", |api| {
        let parameter = api.find(0, &format!("  {neighbour}:"))?;
        api.insert(api.end_of(parameter), &format!("  {arn}:\n    Type: String"));
        let allowed = api.find(0, &format!("                  - !Ref {neighbour}"))?;
        api.insert(allowed + 1, &format!("                  - !Ref {arn}"));
        Ok(())
    })
}

/// Where the parameters of a nested stack in `template.yaml` end.
pub(super) fn before_tags(template: &Text<'_>, stack: &str) -> Result<usize, Error> {
    let start = template.find(0, &format!("  {stack}:"))?;
    template
        .find_where(start, template.end_of(start), |line| line.starts_with("      Tags:"))
        .ok_or_else(|| template.missing(&format!("Tags: below {stack}:")))
}

/// Where a route finds the tables.
const TABLES: &str = "      Environment:
        Variables:
          LEDGER_TABLE: !Ref LedgerTable
          STATE_TABLE: !Ref StateTable
          EPHEMERAL_TABLE: !Ref EphemeralTable
";
/// What a route must be allowed to record whom it refuses.
const RECORDS_REFUSALS: &str =
    "              - {Effect: Allow, Action: [dynamodb:PutItem], Resource: !Ref LedgerTableArn}
              - {Effect: Allow, Action: [dynamodb:PutItem], Resource: !Ref EphemeralTableArn}
";

fn resources(names: &Names, trigger: &Trigger) -> String {
    let (pascal, name) = (names.pascal(), &names.name);
    // A job has the time that its queue's visibility timeout allows for.
    let timeout = if matches!(trigger, Trigger::Http(_)) { "" } else { "      Timeout: 30\n" };
    let events = events(names, trigger);
    let queue = match trigger {
        Trigger::Queue(_) => format!(
            "              - {{Effect: Allow, Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes], Resource: !Ref {pascal}QueueArn}}\n"
        ),
        _ => String::new(),
    };
    let (tables, records) = match trigger {
        Trigger::Http(_) => (TABLES, RECORDS_REFUSALS),
        _ => ("", ""),
    };
    let title = names.title();
    format!(
        "  {pascal}Function:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub sextant-${{Environment}}-{name}
      Description: {title}.
      CodeUri: ../target/lambda/{name}/bootstrap.zip
      Role: !GetAtt {pascal}Role.Arn
{timeout}      LoggingConfig: {{LogGroup: !Ref {pascal}Logs}}
      DeploymentPreference: {{Alarms: [!Ref {pascal}Errors, !Ref {pascal}Failures]}}
{events}{tables}  {pascal}Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: \"2012-10-17\"
        Statement:
          - {{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}
      Policies:
        - PolicyName: {name}
          PolicyDocument:
            Version: \"2012-10-17\"
            Statement:
              - {{Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt {pascal}Logs.Arn}}
              - {{Effect: Allow, Action: [xray:PutTraceSegments, xray:PutTelemetryRecords], Resource: \"*\"}}
{queue}{records}  {pascal}Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub /aws/lambda/sextant-${{Environment}}-{name}
      RetentionInDays: !Ref LogRetentionDays
      KmsKeyId: !Ref DataKeyArn

"
    )
}

fn events(names: &Names, trigger: &Trigger) -> String {
    match trigger {
        Trigger::Http(_) => String::new(),
        Trigger::Queue(_) => format!(
            "      Events:
        Messages:
          Type: SQS
          Properties:
            Queue: !Ref {}QueueArn
            BatchSize: 10
            FunctionResponseTypes: [ReportBatchItemFailures]
            # Bounds what a backlog takes of the account's concurrency, so that jobs cannot starve the API.
            ScalingConfig: {{MaximumConcurrency: 10}}
",
            names.pascal()
        ),
        Trigger::Schedule(expression) => format!(
            "      Events:
        Clock:
          Type: Schedule
          Properties:
            Schedule: {expression}
            Description: Starts {}.
",
            names.name
        ),
    }
}
