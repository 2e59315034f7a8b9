#!/usr/bin/env python3
"""Publishes events again that did not reach the bus; `cargo xtask redrive` runs it.

The relay's parking queue has a message for each of them: a record that the bus would not take, named by its keys in the
ledger, or an object of the bucket where the stream's mapping stores batches that it gives up. Each is handed to the relay
as the stream would hand it over, so that what may be published and how stays the relay's alone. Consumers are idempotent:
an event that has arrived already changes nothing.

What succeeds is removed. What fails stays, and the next run tries it again. A record that is still not fit for the bus is
parked anew by the relay; this run does not touch what was parked after it began.

It uses the credentials and the region of the environment, as the AWS CLI does. They need to receive from and delete in
the queue, to read and delete in the bucket, to read the ledger and to invoke the relay.
"""

import argparse
import base64
import json
import sys
import time
from urllib.parse import unquote_plus

import boto3

# Seconds for the work on one message: the relay may run for 30.
PATIENCE = 120


def arguments():
    parser = argparse.ArgumentParser(description="Publishes events again that did not reach the bus.")
    parser.add_argument("environment", help="such as production; the name in the names of all resources")
    parser.add_argument("--look", action="store_true", help="only say what is there")
    return parser.parse_args()


class NotPublished(Exception):
    """Why a message stays."""


class Redrive:
    def __init__(self, environment):
        self.prefix = f"sextant-{environment}"
        self.queues, self.objects = boto3.client("sqs"), boto3.client("s3")
        self.tables, self.functions = boto3.client("dynamodb"), boto3.client("lambda")
        self.queue = self.queues.get_queue_url(QueueName=f"{self.prefix}-relay-parking")["QueueUrl"]

    def run(self, look):
        """Goes through everything that was parked before now; how many were published, and how many stay.

        What was received once is not received again within PATIENCE, so the queue looks empty in the end.
        """
        began = int(time.time() * 1000)
        published, stay, seen = 0, 0, set()
        while messages := self.receive():
            for message in messages:
                newer = int(message["Attributes"]["SentTimestamp"]) > began
                if newer or message["MessageId"] in seen:
                    continue
                seen.add(message["MessageId"])
                if look:
                    print(f"  {message['Body']}")
                    stay += 1
                    continue
                try:
                    published += self.publish(json.loads(message["Body"]))
                except (NotPublished, ValueError, KeyError, TypeError) as reason:
                    print(f"  stays: {reason!r}: {message['Body']}", file=sys.stderr)
                    stay += 1
                    continue
                self.queues.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return published, stay

    def receive(self):
        received = self.queues.receive_message(
            QueueUrl=self.queue,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            VisibilityTimeout=PATIENCE,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        return received.get("Messages", [])

    def publish(self, parked):
        """Publishes what one message is about; the number of records."""
        if parked.get("Event") == "s3:TestEvent":
            return 0
        if "Records" in parked:
            places = [(record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]) for record in parked["Records"]]
            return sum(self.publish_batch(bucket, unquote_plus(key)) for bucket, key in places)
        return self.publish_record(parked["keys"])

    def publish_batch(self, bucket, key):
        """A batch that the mapping gave up, in the envelope that Lambda stores it in."""
        if bucket != self.bucket():
            raise NotPublished(f"{bucket} is not the bucket of the relay")
        try:
            stored = json.loads(self.objects.get_object(Bucket=bucket, Key=key)["Body"].read())
        except self.objects.exceptions.NoSuchKey:
            raise NotPublished(f"{key} is not in the bucket any more") from None
        batch = stored["payload"]
        batch = json.loads(batch) if isinstance(batch, str) else batch
        self.relay(batch["Records"])
        self.objects.delete_object(Bucket=bucket, Key=key)
        return len(batch["Records"])

    def bucket(self):
        account = boto3.client("sts").get_caller_identity()["Account"]
        return f"{self.prefix}-relay-failures-{account}-{self.queues.meta.region_name}"

    def publish_record(self, keys):
        """A record that the relay parked: its event is read from the ledger."""
        key = {"pk": {"S": keys["pk"]}, "sk": {"N": str(keys["sk"])}}
        found = self.tables.get_item(TableName=f"{self.prefix}-ledger", Key=key, ConsistentRead=True)
        if "Item" not in found:
            raise NotPublished("the ledger has no such event")
        # The relay counts failures by this number, which is not a number of the stream.
        number = str(time.time_ns())
        change = {"Keys": key, "NewImage": found["Item"], "SequenceNumber": number, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        self.relay([{"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}])
        return 1

    def relay(self, records):
        answer = self.functions.invoke(
            FunctionName=f"{self.prefix}-relay-events", Qualifier="live", Payload=json.dumps({"Records": records}, default=binary)
        )
        report = json.loads(answer["Payload"].read() or b"null") or {}
        if answer.get("FunctionError") or report.get("batchItemFailures"):
            raise NotPublished("the relay could not publish it; its log says why")


def binary(value):
    """Bytes of an item, as a stream writes them."""
    return base64.b64encode(bytes(value)).decode()


def main():
    options = arguments()
    published, stay = Redrive(options.environment).run(options.look)
    if options.look:
        print(f"{stay} messages wait in the parking queue")
        return
    print(f"{published} records were handed to the bus again, {stay} messages stay")
    if stay:
        sys.exit(1)


if __name__ == "__main__":
    main()
