//! The queue of a new consumer in `infra/messaging.yaml`, with its dead-letter queue, rule, policy and alarms. The
//! consumer finds the queue by its name, which is the function's.

use super::names::{Names, wrong};
use super::plan::Plan;
use crate::error::Error;

/// Plans everything between the bus and the function.
pub(super) fn write(plan: &mut Plan<'_>, names: &Names, event_type: &str) -> Result<(), Error> {
    let (pascal, name) = (names.pascal(), &names.name);
    plan.edit("infra/messaging.yaml", |stack| {
        if stack.find(0, &format!("  {pascal}Queue:")).is_ok() {
            return wrong(format!("infra/messaging.yaml has a {pascal}Queue; choose another name"));
        }
        let policies = stack.find(0, "  Fn::ForEach::QueuePolicies:")?;
        stack.insert(stack.above_comments(policies), &resources(&pascal, name, event_type));
        stack.add_to_loop("QueuePolicies", &pascal, |_| true)?;
        stack.add_to_loop("DeadLetterAlarms", &format!("{pascal}DeadLetters"), |item| {
            item.ends_with("DeadLetters")
        })?;
        stack.add_to_loop("AgeAlarms", &format!("{pascal}Queue"), |_| true)
    })
}

fn resources(pascal: &str, name: &str, event_type: &str) -> String {
    format!(
        "  {pascal}Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub sextant-${{Environment}}-{name}
      KmsMasterKeyId: !Ref DataKeyArn
      VisibilityTimeout: 180
      RedrivePolicy: {{deadLetterTargetArn: !GetAtt {pascal}DeadLetters.Arn, maxReceiveCount: 9}}
  {pascal}DeadLetters:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub sextant-${{Environment}}-{name}-dead-letters
      SqsManagedSseEnabled: true
      MessageRetentionPeriod: 1209600
  {pascal}Rule:
    Type: AWS::Events::Rule
    Properties:
      Description: Events that {name} works on.
      EventBusName: !Ref EventBus
      EventPattern: {{source: [sextant.ledger], detail-type: [{event_type}]}}
      Targets:
        - Id: {name}
          Arn: !GetAtt {pascal}Queue.Arn
          DeadLetterConfig: {{Arn: !GetAtt {pascal}DeadLetters.Arn}}

"
    )
}
