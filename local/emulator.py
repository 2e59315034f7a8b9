#!/usr/bin/env python3
"""Starts the local AWS emulator that `make up` and the end-to-end tests deploy the unchanged template to.

The emulator is MiniStack, pinned in requirements.txt. In a few places it answers differently from AWS, and the template
or the functions would notice. Each `patch_*` function below restores what AWS does in one such place and says what that
is; nothing is changed in the installed package. The patches reach into the package's internals, so any other version is
refused: raising the pin means reading this file again.

This is never a part of what is deployed.
"""

import argparse
import contextvars
import copy
import json
import logging
import os
import sys
from email.utils import parseaddr
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from pathlib import Path

EMULATOR = "ministack"
EMULATOR_VERSION = "1.5.33"

# The environment of functions beside their own variables. Nothing else of this process's shell is passed on: an
# AWS_PROFILE or a LOG_LEVEL there would change what functions do.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


def arguments():
    parser = argparse.ArgumentParser(
        description="Starts the local AWS emulator on 127.0.0.1 and stays in the foreground until SIGTERM or SIGINT.",
        epilog="AWS APIs answer at http://127.0.0.1:PORT, the deployed API at http://localhost:PORT, and "
        "http://127.0.0.1:PORT/_ministack/health answers 200 once the emulator is up.",
    )
    parser.add_argument("--port", type=int, required=True, help="TCP port, on 127.0.0.1 only")
    parser.add_argument(
        "--state", type=Path, required=True, help="directory for everything the emulator writes; made when missing"
    )
    parser.add_argument(
        "--bedrock",
        metavar="URL",
        help="base URL of a Bedrock runtime that functions use instead of the emulator's, which answers canned text",
    )
    parser.add_argument("--log-level", default="WARNING", help="of the emulator itself (default: %(default)s)")
    return parser.parse_args()


def require_pinned_version():
    """Ends the program unless the one version these patches were written for is installed."""
    try:
        installed = version(EMULATOR)
    except PackageNotFoundError:
        installed = "none"
    if installed != EMULATOR_VERSION:
        sys.exit(
            f"{EMULATOR} {EMULATOR_VERSION} is needed, {installed} is installed. "
            "Install local/requirements.txt into the environment of this Python."
        )


def prepare_environment(options):
    """Sets what the emulator reads from its environment when it is imported, and what functions inherit."""
    state = options.state.resolve()
    scratch = state / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    os.environ.clear()
    os.environ.update(inherited)
    os.environ.update(
        GATEWAY_PORT=str(options.port),
        # The default is every interface.
        BIND_HOST="127.0.0.1",
        # The name in URLs the emulator hands out. `localhost` is left to the deployed API, see patch_local_domain.
        MINISTACK_HOST="127.0.0.1",
        STATE_DIR=str(state),
        S3_DATA_DIR=str(state / "s3"),
        TMPDIR=str(scratch),
        # Roles and resource policies are enforced, so that a function without a permission fails here and not only on
        # AWS. The access key below is the account's root, which deploys; functions get credentials of their own roles.
        AUTH="true",
        # This would be an MQTT listener on a fixed port, which nothing here uses.
        IOT_MTLS_ENABLED="0",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{options.port}",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        LOG_LEVEL=options.log_level,
    )
    if options.bedrock:
        os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = options.bedrock
        # Training jobs: the same server plays the part of this service too.
        os.environ["AWS_ENDPOINT_URL_BEDROCK"] = options.bedrock


def patch_runtime_api():
    """AWS: the Runtime API adds well under a millisecond to an invocation.

    Its server here writes a response's head and body in two packets, and Nagle's algorithm holds the second one back
    until the first is acknowledged: 40 ms. Then it waits 50 ms for a first log line before it believes that there is
    none. A function's log lines are in the pipe before its response is, so 2 ms are enough.
    """
    import socketserver

    from ministack.core import lambda_runtime

    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    drain = lambda_runtime.Worker._drain_stderr_bounded

    def drain_at_once(self, first_line_wait=0.002, idle_confirm=0.002, hard_cap=0.250):
        return drain(self, first_line_wait, idle_confirm, hard_cap)

    lambda_runtime.Worker._drain_stderr_bounded = drain_at_once


def patch_nested_stacks():
    """AWS: a nested stack is deployed as any stack is.

    Here it gets none of its transforms (SAM, language extensions, AWS::Include), its dynamic references
    (`{{resolve:secretsmanager:...}}`) stay text, and an update forgets the attributes of the resources it leaves alone,
    so that `Fn::GetAtt` of them answers nothing.
    """
    from ministack.services.cloudformation import _stacks, engine, provisioners

    # Parameters of the nested stack whose template is about to be read; None outside of a nested deployment.
    parameters = contextvars.ContextVar("parameters of the nested stack", default=None)

    deploy = provisioners._cfn_nested_stack_deploy

    def deploy_with_parameters(logical_id, props, parent_stack_name, **previous):
        given = props.get("Parameters") or {}
        token = parameters.set([{"Key": key, "Value": str(value)} for key, value in given.items()])
        try:
            return deploy(logical_id, props, parent_stack_name, **previous)
        finally:
            parameters.reset(token)

    provisioners._cfn_nested_stack_deploy = deploy_with_parameters

    parse = engine._parse_template

    def parse_and_transform(body):
        template = parse(body)
        given = parameters.get()
        if given is None:
            return template
        template = engine._apply_transforms(template, given)
        if isinstance(template, engine._TransformFailed):
            raise ValueError(template.error)
        return template

    engine._parse_template = parse_and_transform

    def resolved(properties):
        return engine._resolve_dynamic_references(properties)[0]

    provision = provisioners._provision_resource

    def provision_resolved(resource_type, logical_id, props, stack_name):
        return provision(resource_type, logical_id, resolved(props), stack_name)

    provisioners._provision_resource = provision_resolved

    update = provisioners._update_resource

    def update_keeping_attributes(
        resource_type, physical_id, old_props, new_props, stack_name, logical_id=None, old_attrs=None
    ):
        if old_attrs is None:
            known = _stacks.get(stack_name, {}).get("_resources", {}).get(logical_id, {})
            old_attrs = known.get("Attributes")
        # A reference is resolved again only when its resource changes, as on AWS.
        if old_props != new_props:
            new_props = resolved(new_props)
        physical_id, attributes = update(
            resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs
        )
        return physical_id, attributes or old_attrs or {}

    provisioners._update_resource = update_keeping_attributes


def patch_transform_parameters():
    """AWS: SAM sees the values of the stack's parameters.

    Here it sees none, so that what it decides while it transforms (`DeploymentPreference: {Enabled: !Ref ...}`) is
    decided from defaults.
    """
    from samtranslator.translator import transform as translator

    from ministack.services.cloudformation import engine

    values = contextvars.ContextVar("parameter values of the template being transformed", default={})

    apply = engine._apply_transforms

    def apply_with_values(template, provided_params=None, previous_params=None):
        token = values.set(engine._transform_parameters(template, provided_params, previous_params))
        try:
            return apply(template, provided_params, previous_params)
        finally:
            values.reset(token)

    # Modules that imported the function by name must get this one.
    for module in [m for name, m in list(sys.modules.items()) if name.startswith("ministack.services.cloudformation")]:
        if getattr(module, "_apply_transforms", None) is apply:
            module._apply_transforms = apply_with_values

    transform = translator.transform

    def transform_with_values(template, parameter_values, policies, **options):
        return transform(template, {**values.get(), **parameter_values}, policies, **options)

    translator.transform = transform_with_values


def patch_openapi_import():
    """AWS: importing an OpenAPI document sets up all that its x-amazon-apigateway-* extensions say.

    Here request validators, models, request parameters, gateway responses, binary media types, the responses of mock
    integrations and the method for all others (`x-amazon-apigateway-any-method`) are left out, so that the gateway would
    accept every request and answer errors in its own words.
    """
    from ministack.services import apigateway_v1 as gateway

    def document(response):
        return json.loads(response[2])

    def dereference(spec, node):
        while isinstance(node, dict) and "$ref" in node:
            reference, node = node["$ref"], spec
            for key in reference.removeprefix("#/").split("/"):
                node = node[key]
        return node or {}

    def import_validators(api_id, spec):
        declared = spec.get("x-amazon-apigateway-request-validators") or {}
        return {
            name: document(gateway._create_request_validator(api_id, {"name": name, **rules}))["id"]
            for name, rules in declared.items()
        }

    def import_model(api_id, spec, name, schema):
        # A model is a document of its own, so it must contain the targets of its references.
        definitions = (spec.get("components") or {}).get("schemas") or {}
        text = json.dumps({**schema, "definitions": definitions})
        text = text.replace("#/components/schemas/", "#/definitions/")
        gateway._create_model(api_id, {"name": name, "contentType": "application/json", "schema": text})

    def request_parameters(spec, path_item, operation):
        places = {"query": "querystring", "header": "header", "path": "path"}
        declared = (path_item.get("parameters") or []) + (operation.get("parameters") or [])
        found = [dereference(spec, parameter) for parameter in declared]
        return {
            f"method.request.{places[parameter['in']]}.{parameter['name']}": bool(parameter.get("required"))
            for parameter in found
            if parameter.get("in") in places
        }

    def import_integration(api_id, resource_id, method_name, extension, integration):
        for key in (
            "requestTemplates",
            "timeoutInMillis",
            "credentials",
            "passthroughBehavior",
            "contentHandling",
            "responseTransferMode",
        ):
            if extension.get(key) is not None:
                integration[key] = extension[key]
        for pattern, response in (extension.get("responses") or {}).items():
            status = str(response.get("statusCode", "200"))
            headers = response.get("responseParameters") or {}
            gateway._put_method_response(
                api_id, resource_id, method_name, status, {"responseParameters": dict.fromkeys(headers, False)}
            )
            gateway._put_integration_response(
                api_id,
                resource_id,
                method_name,
                status,
                {
                    "selectionPattern": "" if pattern == "default" else pattern,
                    "responseParameters": headers,
                    "responseTemplates": response.get("responseTemplates") or {},
                },
            )

    def import_operation(api_id, spec, resource_id, path_item, method_name, operation, validators):
        method = gateway._resources[api_id][resource_id]["resourceMethods"][method_name]
        default = spec.get("x-amazon-apigateway-request-validator")
        validator = operation.get("x-amazon-apigateway-request-validator", default)
        if validator in validators:
            method["requestValidatorId"] = validators[validator]
        method["requestParameters"] = request_parameters(spec, path_item, operation)
        body = dereference(spec, operation.get("requestBody"))
        for media_type, content in (body.get("content") or {}).items():
            name = f"{operation.get('operationId', resource_id + method_name)}Body{len(method['requestModels'])}"
            import_model(api_id, spec, name, dereference(spec, content.get("schema")))
            method["requestModels"] = {**method["requestModels"], media_type: name}
        if method["methodIntegration"]:
            extension = operation.get("x-amazon-apigateway-integration") or {}
            import_integration(api_id, resource_id, method_name, extension, method["methodIntegration"])

    import_api = gateway._import_rest_api

    def import_all(spec, base_data=None):
        base_data = dict(base_data or {})
        base_data["binaryMediaTypes"] = [
            *(base_data.get("binaryMediaTypes") or []),
            *(spec.get("x-amazon-apigateway-binary-media-types") or []),
        ]
        api_id = import_api(spec, base_data)
        validators = import_validators(api_id, spec)
        ids = {resource["path"]: resource_id for resource_id, resource in gateway._resources[api_id].items()}
        for path, path_item in (spec.get("paths") or {}).items():
            for method, operation in path_item.items():
                if method in gateway._OPENAPI_HTTP_METHODS:
                    import_operation(api_id, spec, ids[path], path_item, method.upper(), operation, validators)
                elif method == "x-amazon-apigateway-any-method":
                    # It has no security scheme, because everybody may call it.
                    gateway._import_operation(api_id, ids[path], "ANY", operation, {}, [])
                    import_operation(api_id, spec, ids[path], path_item, "ANY", operation, validators)
        for kind, response in (spec.get("x-amazon-apigateway-gateway-responses") or {}).items():
            gateway._put_gateway_response(api_id, kind, response)
        return api_id

    gateway._import_rest_api = import_all


def patch_binary_bodies():
    """AWS: with `*/*` among the binary media types every body is bytes: a function gets it in base64, and an answer of a
    function in base64 is decoded.

    Here a request without `Content-Type` is text, and an answer to a request without `Accept` stays base64.
    """
    from ministack.services import apigateway_v1 as gateway

    matches = gateway._media_type_matches

    def matches_or_all(media_type, binary_media_types):
        return "*/*" in (binary_media_types or []) or matches(media_type, binary_media_types)

    gateway._media_type_matches = matches_or_all


def patch_openapi_update():
    """AWS: a changed OpenAPI document replaces the definition of the API, which stays the same API with the same id.

    Here the API is replaced by another one, so that its address changes and its stage is lost.
    """
    from ministack.services import apigateway_v1 as gateway
    from ministack.services.cloudformation import provisioners

    definition = (
        gateway._resources,
        gateway._authorizers_v1,
        gateway._models,
        gateway._request_validators,
        gateway._gateway_responses,
    )
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]
    update = handlers["update"]

    def update_in_place(physical_id, old_props, new_props, stack_name, logical_id=None):
        body = new_props.get("Body")
        if body == old_props.get("Body") or not isinstance(body, dict):
            return update(physical_id, old_props, new_props, stack_name, logical_id)
        imported = gateway._import_rest_api(copy.deepcopy(body))
        for store in definition:
            store[physical_id] = store.pop(imported, {})
        gateway._rest_apis[physical_id]["binaryMediaTypes"] = gateway._rest_apis[imported]["binaryMediaTypes"]
        gateway._delete_rest_api(imported)
        # Updates the remaining properties, now that the document is the same on both sides.
        return update(physical_id, {**old_props, "Body": body}, new_props, stack_name, logical_id)

    handlers["update"] = update_in_place


def patch_function_errors():
    """AWS: a function that fails or answers nonsense becomes the gateway response DEFAULT_5XX.

    Here it becomes a 502 whose body is the error of the function.
    """
    from ministack.services import apigateway_v1 as gateway

    class FunctionFailed(Exception):
        pass

    answer_of = gateway._lambda_proxy_response
    invoke = gateway._invoke_lambda_proxy_v1

    def answer_or_failure(result):
        answer, error = answer_of(result)
        if error:
            raise FunctionFailed
        return answer, None

    async def invoke_with_gateway_response(*positional, **named):
        try:
            return await invoke(*positional, **named)
        except FunctionFailed:
            return gateway._gw_error("DEFAULT_5XX", "Internal server error")

    gateway._lambda_proxy_response = answer_or_failure
    gateway._invoke_lambda_proxy_v1 = invoke_with_gateway_response


def patch_response_streaming():
    """AWS: an integration with `responseTransferMode: STREAM` and the URI of `response-streaming-invocations` sends on what
    the function answers as it comes: status and headers as JSON, eight NUL bytes, and the body. A function that answers
    anything else becomes the gateway response DEFAULT_5XX, as does one that fails before its body begins; one that fails
    later is cut off. When the client leaves, the function goes on.

    Here the URI names a function that does not exist, and the Runtime API takes an answer as a whole.
    """
    import asyncio

    from ministack.core import lambda_runtime
    from ministack.core.responses import StreamingResponse
    from ministack.services import apigateway_v1 as gateway

    action = "/response-streaming-invocations"
    delimiter = bytes(8)
    # The answer that the invocation of this context streams to; None when the answer is whole.
    streamed_to = contextvars.ContextVar("answer of a streaming invocation", default=None)

    class Answer:
        """What a function streams, between the thread that reads it and the coroutine that sends it on."""

        def __init__(self):
            self.loop = asyncio.get_running_loop()
            self.prelude = self.loop.create_future()
            self.chunks = asyncio.Queue()
            self.before = b""

        def take(self, chunk):
            """Takes what the function sent next; called in the thread of the Runtime API."""
            self.loop.call_soon_threadsafe(self._take, chunk)

        def _take(self, chunk):
            if self.prelude.done():
                self.chunks.put_nowait(chunk)
                return
            self.before += chunk
            prelude, found, body = self.before.partition(delimiter)
            if found:
                try:
                    prelude = json.loads(prelude)
                    int(prelude["statusCode"])
                except (ValueError, TypeError, KeyError):
                    prelude = None
                self.prelude.set_result(prelude)
                self.chunks.put_nowait(body)

        def end(self, whole):
            """Nothing more comes; the answer is whole, or was cut off."""
            if not self.prelude.done():
                self.prelude.set_result(None)
            self.chunks.put_nowait(None if whole else EOFError())

        async def send(self, send, _receive):
            while (chunk := await self.chunks.get()) is not None:
                if isinstance(chunk, EOFError):
                    # Without the last frame the client sees that a part is missing.
                    return
                if chunk:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    invoke_worker = lambda_runtime.ProvidedWorker.invoke

    def invoke_noting_answer(self, event, request_id, **named):
        self.streamed_to = streamed_to.get()
        return invoke_worker(self, event, request_id, **named)

    lambda_runtime.ProvidedWorker.invoke = invoke_noting_answer

    build_handler = lambda_runtime.ProvidedWorker._build_handler_class

    def build_streaming_handler(self, generation, pending):
        worker = self

        class StreamingHandler(build_handler(self, generation, pending)):
            def _read_body(self):
                answer = getattr(worker, "streamed_to", None)
                streams = self.headers.get("Lambda-Runtime-Function-Response-Mode") == "streaming"
                if answer is None or not streams:
                    return super()._read_body()
                while size := int(self._line(), 16):
                    answer.take(self.rfile.read(size))
                    self._line()
                while self._line() != b"\r\n":
                    pass
                return b"null"

            def _line(self):
                line = self.rfile.readline()
                if not line:
                    raise ConnectionAbortedError("the function ended in the middle of its answer")
                return line

        return StreamingHandler

    lambda_runtime.ProvidedWorker._build_handler_class = build_streaming_handler

    def headers_of(prelude):
        headers = {"Content-Type": "application/json"}
        several = {**(prelude.get("headers") or {}), **(prelude.get("multiValueHeaders") or {})}
        if prelude.get("cookies"):
            several["Set-Cookie"] = prelude["cookies"]
        for name, value in several.items():
            for same in [other for other in headers if other.lower() == name.lower()]:
                del headers[same]
            headers[name] = value
        return headers

    # Invocations that go on even when their clients have left.
    running = set()

    async def run(answer, function, event, account_id, region):
        whole = False
        streamed_to.set(answer)
        try:
            result, error = await gateway._call_lambda_raw(function, event, account_id=account_id, region=region)
            whole = not error and not result.get("error") and not result.get("throttle")
        finally:
            answer.end(whole)

    invoke = gateway._invoke_lambda_proxy_v1

    async def invoke_in_its_mode(integration, *request, owner_account_id=None, owner_region=None, **context):
        uri = integration.get("uri", "")
        streams = uri.endswith(action)
        if streams != (integration.get("responseTransferMode") == "STREAM"):
            return gateway._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        if not streams:
            return await invoke(
                integration, *request, owner_account_id=owner_account_id, owner_region=owner_region, **context
            )
        function = gateway._extract_lambda_ref_from_integration_uri(uri.removesuffix(action) + "/invocations")
        event = gateway._build_lambda_event_v1(*request, **context)
        answer = Answer()
        # A task of its own has a context of its own.
        task = asyncio.create_task(run(answer, function, event, owner_account_id, owner_region))
        running.add(task)
        task.add_done_callback(running.discard)
        prelude = await answer.prelude
        if prelude is None:
            return gateway._gw_error("DEFAULT_5XX", "Internal server error")
        return int(prelude["statusCode"]), headers_of(prelude), StreamingResponse(answer.send)

    gateway._invoke_lambda_proxy_v1 = invoke_in_its_mode


def patch_source_address():
    """AWS: `requestContext.identity.sourceIp` is the other end of the connection, and the gateway adds that address to the
    end of `X-Forwarded-For`. What a client writes into the header is only what it claims.

    Here the first address of the header is the source, so that anybody could pass for anybody before every limit by
    network address.
    """
    from ministack.core.responses import get_request_client_ip
    from ministack.services import apigateway_v1 as gateway

    header = "x-forwarded-for"
    execute = gateway._execute_in_scope
    build_event = gateway._build_lambda_event_v1
    # The address that the client of this request claims.
    claimed = contextvars.ContextVar("X-Forwarded-For as it was sent", default="")

    async def execute_with_peer(*positional, **named):
        """Every event of this request, the authorizer's too, takes the source from the header: it has the peer alone."""
        arguments = signature(execute).bind(*positional, **named)
        headers = dict(arguments.arguments["headers"])
        claimed.set(", ".join(value for name, value in headers.items() if name.lower() == header))
        headers = {name: value for name, value in headers.items() if name.lower() != header}
        arguments.arguments["headers"] = {**headers, header: get_request_client_ip()}
        return await execute(*arguments.args, **arguments.kwargs)

    def build_event_with_chain(*positional, **named):
        event = build_event(*positional, **named)
        chain = ", ".join(filter(None, (claimed.get(), event["requestContext"]["identity"]["sourceIp"])))
        event["headers"][header] = chain
        event["multiValueHeaders"][header] = [chain]
        return event

    gateway._execute_in_scope = execute_with_peer
    gateway._build_lambda_event_v1 = build_event_with_chain


def patch_empty_segments():
    """AWS: `/v1//models` is not the path `/v1/models`. The resource `/v1/{proxy+}` takes it, as it takes every path that has no
    resource of its own; a slash at the end changes nothing.

    Here empty segments are left out before the resource is looked for.
    """
    from ministack.services import apigateway_v1 as gateway

    execute = gateway._execute_in_scope
    match = gateway._match_resource_tree
    # Method and path of the request that is being answered.
    requested = contextvars.ContextVar("method and path of the request", default=("", ""))

    @wraps(execute)
    async def execute_noting_path(*positional, **named):
        arguments = signature(execute).bind(*positional, **named).arguments
        requested.set((arguments["method"], arguments["path"]))
        return await execute(*positional, **named)

    def match_with_empty_segments(api_id, segments):
        method, path = requested.get()
        path = path.strip("/")
        if "//" not in path:
            return match(api_id, segments)
        resource, parameters = match(api_id, path.split("/"))
        # No parameter is empty.
        if resource and not all(parameters.values()):
            resource, parameters = gateway._match_greedy_fallback(api_id, path.split("/"), method)
        return resource, parameters or {}

    gateway._execute_in_scope = execute_noting_path
    gateway._match_resource_tree = match_with_empty_segments


def patch_stream_failures():
    """AWS: of a stream batch, everything from the first record that a function reports as failed is delivered again.

    Here the report is not read and the whole batch counts as done, so that an event that the bus refuses once is lost.
    """
    import time

    from ministack.services import lambda_svc as functions

    execute = functions._execute_function
    poll = functions._poll_dynamodb_streams
    # (stream, number of records that must be delivered again), filled during one pass of the poller.
    undone = []

    def execute_and_note(function, event, *positional, **named):
        result = execute(function, event, *positional, **named)
        records = event.get("Records") if isinstance(event, dict) else None
        if records and records[0].get("eventSource") == "aws:dynamodb" and not result.get("error"):
            body = result.get("body")
            report = json.loads(body) if isinstance(body, (str, bytes)) and body else body
            failures = (report or {}).get("batchItemFailures") or []
            failed = {failure.get("itemIdentifier") for failure in failures}
            numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
            first = next((at for at, number in enumerate(numbers) if number in failed), None)
            if first is not None:
                undone.append((records[0]["eventSourceARN"], len(records) - first))
        return result

    def poll_and_step_back():
        undone.clear()
        processed = poll()
        for stream, count in undone:
            for _account, _region, mapping in functions._iter_all_esms():
                if mapping.get("EventSourceArn") == stream:
                    with functions._dynamodb_stream_positions_lock:
                        functions._dynamodb_stream_positions[mapping["UUID"]] -= count
                    functions._esm_backoff_until[mapping["UUID"]] = time.time() + 1
        return processed

    functions._execute_function = execute_and_note
    functions._poll_dynamodb_streams = poll_and_step_back


def patch_encryption_context():
    """AWS: a policy may ask for the encryption context that a request to KMS names (`kms:EncryptionContext:<key>`).

    Here such a condition finds no value, so that whoever has it may do nothing.
    """
    from ministack.core import iam_actions

    tags = iam_actions.request_tag_context

    def tags_and_encryption_context(service, iam_action, body, params):
        found = tags(service, iam_action, body, params)
        if service != "kms":
            return found
        try:
            context = json.loads(body or b"{}").get("EncryptionContext") or {}
        except (ValueError, AttributeError):
            context = {}
        named = {f"kms:encryptioncontext:{key}".lower(): value for key, value in context.items()}
        return {**found, **named, "kms:encryptioncontextkeys": list(context)}

    iam_actions.request_tag_context = tags_and_encryption_context


def patch_configuration_permissions():
    """AWS: StartConfigurationSession and GetLatestConfiguration are permitted on the ARN of a configuration, by identifiers.

    Here a request that is signed for `appconfig`, as SDKs sign both, is taken for one of the control plane; no action of it
    is found, and whoever asks is allowed.
    """
    from ministack.core import iam_actions
    from ministack.services import appconfig

    operations = {
        ("POST", "/configurationsessions"): "StartConfigurationSession",
        ("GET", "/configuration"): "GetLatestConfiguration",
    }
    services = ("appconfig", "appconfigdata")
    parts = ("ApplicationIdentifier", "EnvironmentIdentifier", "ConfigurationProfileIdentifier")

    action_of = iam_actions.extract_iam_action

    def action_of_both_planes(service, method, path, headers, body, query_params):
        operation = operations.get((method, path)) if service in services else None
        if operation:
            return f"appconfig:{operation}"
        return action_of(service, method, path, headers, body, query_params)

    iam_actions.extract_iam_action = action_of_both_planes

    def session_of(method, body, query_params):
        if method == "GET":
            token = query_params.get("configuration_token", "")
            return appconfig._sessions.get(token[0] if isinstance(token, list) else token)
        try:
            named = [json.loads(body or b"{}").get(part, "") for part in parts]
        except (ValueError, AttributeError):
            return None
        application = appconfig._resolve_application_id(named[0])
        environment = appconfig._resolve_environment_id(application, named[1])
        profile = appconfig._resolve_configuration_profile_id(application, named[2])
        return dict(zip(parts, (application, environment, profile), strict=True))

    resource_of = iam_actions.extract_resource_arn

    def resource_of_both_planes(service, method, path, headers, body, query_params, *account):
        if service not in services or (method, path) not in operations:
            return resource_of(service, method, path, headers, body, query_params, *account)
        session = session_of(method, body, query_params) or {}
        application, environment, profile = (session.get(part) for part in parts)
        return f"{appconfig._env_arn(application, environment)}/configuration/{profile}"

    iam_actions.extract_resource_arn = resource_of_both_planes


def patch_batch_permissions():
    """AWS: SQS permits the batch form of an operation by the action of the single one, such as
    sqs:ChangeMessageVisibility for ChangeMessageVisibilityBatch.

    Here the batch form is an action of its own, which no policy can name on AWS.
    """
    from ministack.core import iam_actions

    action_of = iam_actions.extract_iam_action

    def action_of_single(service, method, path, headers, body, query_params):
        action = action_of(service, method, path, headers, body, query_params)
        if service == "sqs" and action:
            return action.removesuffix("Batch")
        return action

    iam_actions.extract_iam_action = action_of_single


def patch_mail_permissions():
    """AWS: SendEmail is permitted on the ARN of the sender's identity.

    Here it is permitted on `*` alone, which a role may not name.
    """
    from ministack.core import iam_actions

    resource_of = iam_actions.extract_resource_arn

    def resource_of_sender(service, method, path, headers, body, query_params, region, account_id):
        if service != "ses" or (method, path) != ("POST", "/v2/email/outbound-emails"):
            return resource_of(service, method, path, headers, body, query_params, region, account_id)
        sender = parseaddr(json.loads(body or b"{}").get("FromEmailAddress", ""))[1]
        return f"arn:aws:ses:{region}:{account_id}:identity/{sender}"

    iam_actions.extract_resource_arn = resource_of_sender


def patch_mail_identities():
    """AWS: an account with production access sends from identities whose owner proved their control, to every address.

    Here no domain can prove anything, so each sender and each recipient counts as proven.
    """
    from ministack.services import ses, ses_v2

    for module in (ses, ses_v2):
        module._message_rejection = lambda *_: None


def patch_local_domain():
    """AWS: a custom domain can have any name its owner chose.

    Here names without a dot are never looked up. With them, an API deployed with `DomainName=localhost` is served at
    http://localhost:PORT, an address that does not change and that resolves on every machine, while the AWS APIs stay at
    http://127.0.0.1:PORT. Some clients turn `localhost` into 127.0.0.1. Paths below /v1/ belong to no AWS API in use, so
    they reach the API there too, and not the emulator's own answers to `/v1/chat/completions`.
    """
    from ministack import app
    from ministack.services import apigateway_v1 as gateway

    resolve = app._resolve_custom_domain_request

    def resolve_any_name(host, path):
        name = host.split(":")[0].lower()
        if name == "localhost" or (name == "127.0.0.1" and path.startswith("/v1/")):
            return gateway.resolve_base_path_mapping("localhost", path)
        return resolve(host, path)

    app._resolve_custom_domain_request = resolve_any_name


def main():
    options = arguments()
    require_pinned_version()
    prepare_environment(options)

    from ministack import app

    # The emulator has read this level for itself; functions must not inherit it.
    del os.environ["LOG_LEVEL"]

    patch_runtime_api()
    patch_nested_stacks()
    patch_transform_parameters()
    patch_openapi_import()
    patch_binary_bodies()
    patch_openapi_update()
    patch_function_errors()
    patch_response_streaming()
    patch_empty_segments()
    patch_source_address()
    patch_stream_failures()
    patch_encryption_context()
    patch_configuration_permissions()
    patch_batch_permissions()
    patch_mail_permissions()
    patch_mail_identities()
    patch_local_domain()

    # SAM's own usage metrics are not collected here, and it complains at every transform.
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)

    # The emulator parses the command line too, with options of its own.
    sys.argv = [EMULATOR]
    app.main()


if __name__ == "__main__":
    main()
