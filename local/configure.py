#!/usr/bin/env python3
"""Deploys a document as the runtime configuration of an environment; `cargo xtask configure` checks the document and runs it.

AppConfig checks it once more, by its schema, and gives it to ten percent of the processes, then to twice as many every few
minutes. It takes it back when an alarm of the environment goes off. A document that is deployed already is left alone.

Two people who change the document at the same time must not undo each other's changes. So a document is deployed only if the
version from which it was made is still the deployed one, and no other version has been made since.

It uses the credentials and the region of the environment, as the AWS CLI does. They need to list applications, environments,
profiles, strategies and deployments of AppConfig, to list, read and create hosted versions, and to start a deployment.
"""

import argparse
import json
import sys
from pathlib import Path

import boto3

# The names by which functions find the document; they are in infra/configuration.yaml.
LIVE = "live"
RUNTIME = "runtime"


def arguments():
    parser = argparse.ArgumentParser(description="Deploys a document as the runtime configuration of an environment.")
    parser.add_argument("environment", help="such as production; the name in the names of all resources")
    parser.add_argument("document", type=Path, nargs="?", help="file with the document; none prints what is deployed")
    parser.add_argument("--from-version", type=int, help="the deployed version from which the document was made")
    parser.add_argument("--at-once", action="store_true", help="give it to all processes at once, without a bake time")
    return parser.parse_args()


class Configuration:
    def __init__(self, environment):
        self.client, self.prefix = boto3.client("appconfig"), f"sextant-{environment}"
        self.application = self.named(self.prefix, "list_applications")
        self.live = self.named(LIVE, "list_environments", ApplicationId=self.application)
        self.profile = self.named(RUNTIME, "list_configuration_profiles", ApplicationId=self.application)
        self.of_profile = {"ApplicationId": self.application, "ConfigurationProfileId": self.profile}

    def named(self, name, operation, **of):
        """The identifier of what has this name."""
        for item in self.items(operation, **of):
            if item["Name"] == name:
                return item["Id"]
        sys.exit(f"AppConfig has no {name} ({operation}). Is the environment deployed, and in this region?")

    def items(self, operation, **of):
        token = {}
        while True:
            page = getattr(self.client, operation)(**of, **token)
            yield from page["Items"]
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}

    def latest(self):
        """The number of the newest version, deployed or not."""
        versions = self.items("list_hosted_configuration_versions", **self.of_profile)
        return max((it["VersionNumber"] for it in versions), default=0)

    def deployed(self):
        """The version and the document of the newest deployment that was not rolled back; version 0 if there is none."""
        place = {"ApplicationId": self.application, "EnvironmentId": self.live}
        deployments = sorted(self.items("list_deployments", **place), key=lambda it: -it["DeploymentNumber"])
        for deployment in deployments:
            if deployment["State"] in ("COMPLETE", "BAKING", "DEPLOYING", "VALIDATING"):
                number = int(deployment["ConfigurationVersion"])
                version = self.client.get_hosted_configuration_version(**self.of_profile, VersionNumber=number)
                return number, version["Content"].read()
        return 0, b""

    def deploy(self, document, strategy, latest):
        try:
            # AppConfig refuses the version if another one was made after `latest`.
            version = self.client.create_hosted_configuration_version(
                **self.of_profile,
                Content=document,
                ContentType="application/json",
                **({"LatestVersionNumber": latest} if latest else {}),
            )
        except self.client.exceptions.ConflictException:
            sys.exit("Somebody else deploys a document at this moment. Print the deployed document again and repeat your change.")
        try:
            deployment = self.client.start_deployment(
                ApplicationId=self.application,
                EnvironmentId=self.live,
                ConfigurationProfileId=self.profile,
                ConfigurationVersion=str(version["VersionNumber"]),
                DeploymentStrategyId=self.named(f"{self.prefix}-{strategy}", "list_deployment_strategies"),
            )
        except self.client.exceptions.ConflictException:
            sys.exit("Another deployment is under way. Wait until it ends, or stop it, and deploy again.")
        return version["VersionNumber"], deployment["DeploymentNumber"]


def main():
    options = arguments()
    configuration = Configuration(options.environment)
    # Read first, so that a version that is made after this moment is noticed.
    latest = configuration.latest()
    number, deployed = configuration.deployed()
    if options.document is None:
        # As it is stored: a line feed more would be another document.
        sys.stdout.buffer.write(deployed)
        print(f"This is version {number}. Deploy a change of it with --from-version {number}.", file=sys.stderr)
        return
    document = options.document.read_bytes()
    if deployed and json.loads(document) == json.loads(deployed):
        print("The document is deployed already.")
        return
    if options.from_version not in (None, number):
        sys.exit(
            f"The deployed document is version {number}, and yours was made from version {options.from_version}: somebody else has "
            "changed it. Print the deployed document again, repeat your change in it, and deploy that."
        )
    version, deployment = configuration.deploy(document, "at-once" if options.at_once else "gradual", latest)
    print(f"Deployment {deployment} of version {version} has begun.")


if __name__ == "__main__":
    main()
