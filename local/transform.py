#!/usr/bin/env python3
"""Writes every template as CloudFormation gets it in the end: included files in their places, language extensions and SAM
expanded. `cargo xtask test lint` runs it, and checkov on what it writes.

The transforms are those that SAM CLI brings. It fails when a transform fails, or when a null is left, which CloudFormation
refuses.
"""

import argparse
import json
import logging
import os
import sys
from pathlib import Path

from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

# Parameters that conditions of the templates use. Values of other parameters stay references.
PARAMETERS = {
    "Environment": "production",
    "Architecture": "arm64",
    "CanaryDeployments": "true",
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "AWS::AccountId": "123456789012",
}


def include(value, folder):
    """Puts the contract, as `cargo xtask build` writes it, where a template includes it."""
    if isinstance(value, dict):
        macro = value.get("Fn::Transform")
        if isinstance(macro, dict) and macro.get("Name") == "AWS::Include":
            return json.loads((folder / macro["Parameters"]["Location"]).read_text())
        return {key: include(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [include(inner, folder) for inner in value]
    return value


def upload(template):
    """Puts an address where SAM CLI puts that of what it uploaded."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = "s3://bucket/key"
        if resource["Type"] == "AWS::Serverless::Application":
            properties["Location"] = "https://s3.amazonaws.com/bucket/key"


def nulls(value, place):
    if value is None:
        yield place
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from nulls(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from nulls(inner, f"{place}/{number}")


def transformed(path):
    template = include(yaml_parse(path.read_text()), path.parent)
    transforms = template.get("Transform") or []
    transforms = transforms if isinstance(transforms, list) else [transforms]
    if "AWS::LanguageExtensions" in transforms:
        template = expand_language_extensions(template, parameter_values=PARAMETERS, enabled=True).expanded_template
    if "AWS::Serverless-2016-10-31" in transforms:
        template["Transform"] = "AWS::Serverless-2016-10-31"
        upload(template)
        template = transform(template, PARAMETERS, NoPolicies())
    return template


class NoPolicies:
    """Roles are written out; no function asks for a managed policy by name."""

    def load(self):
        return {}


def main():
    parser = argparse.ArgumentParser(description="Writes every template as CloudFormation gets it in the end.")
    parser.add_argument("root", type=Path, help="root of the project")
    parser.add_argument("folder", type=Path, help="folder to write to")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    # SAM needs the region that it writes the template for.
    os.environ["AWS_DEFAULT_REGION"] = PARAMETERS["AWS::Region"]
    logging.disable(logging.WARNING)
    wrong = []
    stacks = [path for path in sorted((options.root / "infra").glob("*.yaml")) if path.name != "openapi.yaml"]
    for path in [options.root / "template.yaml", *stacks]:
        template = json.loads(json.dumps(transformed(path)))
        wrong.extend(nulls(template, path.name))
        (options.folder / f"{path.stem}.json").write_text(json.dumps(template, indent=1))
    for place in wrong:
        print(f"{place} is null, which CloudFormation refuses", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
