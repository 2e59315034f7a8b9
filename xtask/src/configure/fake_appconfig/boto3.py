"""AppConfig in a file, in the place of boto3, for the tests of local/configure.py.

The file has the documents of all versions and the numbers of the deployed ones. With `other`, another operator makes a version in
the moment before each version of the caller.
"""

import io
import json
import os
from pathlib import Path
from types import SimpleNamespace


class ConflictException(Exception):
    pass


class Client:
    exceptions = SimpleNamespace(ConflictException=ConflictException)

    def __init__(self):
        self.file = Path(os.environ["FAKE_APPCONFIG"])
        self.state = json.loads(self.file.read_text())

    def list_applications(self):
        return {"Items": [{"Name": "sextant-test", "Id": "application"}]}

    def list_environments(self, **_):
        return {"Items": [{"Name": "live", "Id": "environment"}]}

    def list_configuration_profiles(self, **_):
        return {"Items": [{"Name": "runtime", "Id": "profile"}]}

    def list_deployment_strategies(self):
        return {"Items": [{"Name": "sextant-test-gradual", "Id": "gradual"}]}

    def list_hosted_configuration_versions(self, **_):
        return {"Items": [{"VersionNumber": number + 1} for number in range(len(self.state["versions"]))]}

    def list_deployments(self, **_):
        deployed = enumerate(self.state["deployed"], 1)
        return {"Items": [{"DeploymentNumber": n, "State": "COMPLETE", "ConfigurationVersion": str(v)} for n, v in deployed]}

    def get_hosted_configuration_version(self, VersionNumber, **_):
        return {"Content": io.BytesIO(self.state["versions"][VersionNumber - 1].encode())}

    def create_hosted_configuration_version(self, Content, LatestVersionNumber, **_):
        if self.state["other"]:
            self.state["versions"].append("{}")
        if LatestVersionNumber != len(self.state["versions"]):
            raise ConflictException
        self.state["versions"].append(Content.decode())
        return {"VersionNumber": len(self.state["versions"])}

    def start_deployment(self, ConfigurationVersion, **_):
        self.state["deployed"].append(int(ConfigurationVersion))
        self.file.write_text(json.dumps(self.state))
        return {"DeploymentNumber": len(self.state["deployed"])}


def client(_):
    return Client()
