//! The function in the stack of its context: the function, its role, and its name in the list of the stack's functions,
//! from which its log group and alarms come. The function is found by its name, so no other file changes. The role may
//! write logs and traces, record a refused access, count a read, and receive from its own queue; further permissions are added
//! together with the code that needs them.

use super::names::{Names, wrong};
use super::plan::Plan;
use super::trigger::Trigger;
use crate::error::Error;

/// Plans the function's resources.
pub(super) fn write(plan: &mut Plan<'_>, names: &Names, trigger: &Trigger) -> Result<(), Error> {
    let path = format!("infra/{}.yaml", names.context);
    let pascal = names.pascal();
    plan.edit(&path, |stack| {
        for kind in ["Function", "Role"] {
            if stack.find(0, &format!("  {pascal}{kind}:")).is_ok() {
                return wrong(format!("{path} has a {pascal}{kind}; choose another name"));
            }
        }
        let functions = stack.find(0, "  Fn::ForEach::Functions:")?;
        stack.insert(stack.above_comments(functions), &resources(names, trigger));
        stack.add_to_loop("Functions", &pascal, |_| true)
    })
}

/// The variables with the tables of a route.
const TABLES: &str = "      Environment:
        Variables:
          LEDGER_TABLE: !Sub sextant-${Environment}-ledger
          STATE_TABLE: !Sub sextant-${Environment}-state
          EPHEMERAL_TABLE: !Sub sextant-${Environment}-ephemeral
";
/// The permissions of a route to record refusals, and of a route that reads to count its requests.
fn permissions_of_a_route(is_read: bool) -> String {
    let ephemeral = if is_read { "dynamodb:PutItem, dynamodb:UpdateItem" } else { "dynamodb:PutItem" };
    [("ledger", "dynamodb:PutItem"), ("ephemeral", ephemeral)]
        .map(|(table, actions)| {
            format!(
                "              - Effect: Allow
                Action: [{actions}]
                Resource: !Sub arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/sextant-${{Environment}}-{table}
"
            )
        })
        .concat()
}

fn resources(names: &Names, trigger: &Trigger) -> String {
    let (pascal, name) = (names.pascal(), &names.name);
    // A job has the time for which its queue's visibility timeout is made.
    let timeout = if matches!(trigger, Trigger::Http(_)) { "" } else { "      Timeout: 30\n" };
    let events = events(names, trigger);
    let queue = match trigger {
        Trigger::Queue(_) => format!(
            "              - Effect: Allow
                Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ChangeMessageVisibility]
                Resource: !Sub arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:sextant-${{Environment}}-{name}
"
        ),
        _ => String::new(),
    };
    let (tables, records) = match trigger {
        Trigger::Http(route) => (TABLES, permissions_of_a_route(route.is_read())),
        _ => ("", String::new()),
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
{timeout}      DeploymentPreference: {{Alarms: [!Ref {pascal}CanaryErrors, !Ref {pascal}CanaryFailures]}}
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
              - Effect: Allow
                Action: [logs:CreateLogStream, logs:PutLogEvents]
                Resource: !Sub arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:/aws/lambda/sextant-${{Environment}}-{name}:*
              - {{Effect: Allow, Action: [xray:PutTraceSegments, xray:PutTelemetryRecords], Resource: \"*\"}}
{queue}{records}
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
            Queue: !Sub arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:sextant-${{Environment}}-{}
            BatchSize: 10
            FunctionResponseTypes: [ReportBatchItemFailures]
            # Bounds the part of the account's concurrency that a backlog takes, so that jobs cannot starve the API.
            ScalingConfig: {{MaximumConcurrency: 10}}
",
            names.name
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
