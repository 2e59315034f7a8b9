"""OpenAI's Python client: tools, pictures, schemas and history by chat completions."""

import base64
import hashlib
import json

import openai
from pydantic import BaseModel
from sextant import BASE_URL, KEY, MODEL, SIZE, TOOLS, VECTORS, bird_size, end_of, main, misfits, png

CLIENT = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)
QUESTION = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "How large is a wren?"}]


class Nest(BaseModel):
    material: str
    eggs: int | None


class Bird(BaseModel):
    name: str
    nest: Nest


def ask(**changes):
    return CLIENT.chat.completions.create(**{"model": MODEL, "messages": QUESTION, **changes})


def said(completion) -> dict:
    choice = completion.choices[0]
    calls = [
        {"id": call.id, "type": call.type, "name": call.function.name, "arguments": json.loads(call.function.arguments)}
        for call in choice.message.tool_calls or []
    ]
    return {"reason": choice.finish_reason, "content": choice.message.content, "calls": calls}


def refusal(call) -> dict:
    try:
        call()
    except openai.APIStatusError as error:
        names = {"class": type(error).__name__, "status": error.status_code}
        return {**names, "code": error.code, "param": error.param, "message": error.message}
    return {"class": None}


def choices() -> dict:
    named = {"type": "function", "function": {"name": "bird_size"}}
    return {
        "auto": said(ask(tools=TOOLS)),
        "required": said(ask(tools=TOOLS, tool_choice="required")),
        "named": said(ask(tools=TOOLS, tool_choice=named)),
        "none": said(ask(tools=TOOLS, tool_choice="none")),
        "one_at_a_time": said(ask(tools=TOOLS, tool_choice="auto", parallel_tool_calls=False)),
        "without_parameters": said(ask(tools=[{"type": "function", "function": {"name": "now"}}])),
    }


def streamed() -> dict:
    """By the library's own helper, and by hand as older programs do it."""
    kinds, arguments = [], ""
    with CLIENT.chat.completions.stream(model=MODEL, messages=QUESTION, tools=TOOLS) as stream:
        for event in stream:
            kinds += [] if kinds[-1:] == [event.type] else [event.type]
            if event.type == "tool_calls.function.arguments.delta":
                arguments += event.arguments_delta
        final = stream.get_final_completion()
    starts, pieces, usage = [], {}, None
    for chunk in ask(tools=TOOLS, stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage.model_dump(exclude_none=True) if chunk.usage else usage
        for call in [call for choice in chunk.choices for call in choice.delta.tool_calls or []]:
            starts += [[call.index, call.id, call.function.name]] if call.id else []
            pieces.setdefault(call.index, []).append(call.function.arguments or "")
    return {
        "events": list(dict.fromkeys(kinds)),
        "deltas": arguments,
        "final": said(final),
        "starts": starts,
        "arguments": ["".join(several) for several in pieces.values()],
        "pieces": [len(several) for several in pieces.values()],
        "usage": usage,
    }


def loop() -> dict:
    """Sends back what it got, with the results of the tools, until there is a text."""
    messages, rounds = list(QUESTION), 0
    while rounds < 5:
        rounds += 1
        message = ask(messages=messages, tools=TOOLS).choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return {"rounds": rounds, "content": message.content}
        for call in message.tool_calls:
            result = bird_size(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    return {"rounds": rounds}


def names() -> dict:
    """Names that a provider refuses, and what comes back for them."""
    name, long = "birds/size-of.v1", "mcp__" + "bird_catalogue_" * 8
    tools = [{"type": "function", "function": {**SIZE["function"], "name": each}} for each in (name, long)]
    first = ask(tools=tools).choices[0].message
    result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "Small."}
    forced = {"type": "function", "function": {"name": name}}
    after = ask(tools=tools, tool_choice=forced, messages=[*QUESTION, first, result])
    deltas = [choice.delta for chunk in ask(tools=tools, stream=True) for choice in chunk.choices]
    called = [call.function.name for delta in deltas for call in delta.tool_calls or [] if call.function.name]
    return {"first": first.tool_calls[0].function.name, "after": said(after), "streamed": called}


def embedded() -> list:
    """A text that looks for others, and one that is found."""
    purposes = ({"extra_body": {"input_type": "search_query"}}, {})
    vectors = [CLIENT.embeddings.create(model=VECTORS, input="a wren", **purpose) for purpose in purposes]
    return [len(answer.data[0].embedding) for answer in vectors]


def images() -> dict:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png()}", "detail": "low"}}
    parts = [{"type": "text", "text": "Which colour is it?"}, picture]
    broken = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,bm90IGEgcGljdHVyZQ=="}}]
    return {
        "content": said(ask(messages=[{"role": "user", "content": parts}]))["content"],
        "broken": refusal(lambda: ask(messages=[{"role": "user", "content": broken}])),
    }


def parsed() -> dict:
    """A schema with definitions, made by the library, and a tool whose arguments it reads."""
    parse = CLIENT.chat.completions.parse
    bird = parse(model=MODEL, messages=QUESTION, response_format=Bird).choices[0].message.parsed
    tool = openai.pydantic_function_tool(Bird, name="describe_bird")
    call = parse(model=MODEL, messages=QUESTION, tools=[tool]).choices[0].message.tool_calls[0]
    with CLIENT.chat.completions.stream(model=MODEL, messages=QUESTION, response_format=Bird) as stream:
        streamed_bird = stream.get_final_completion().choices[0].message.parsed
    return {
        "bird": bird.model_dump(),
        "tool": [call.function.name, call.function.parsed_arguments.model_dump()],
        "streamed": streamed_bird.model_dump(),
    }


def history() -> dict:
    """Conversations that began elsewhere."""
    foreign = {
        "role": "assistant",
        "content": "A wren is",
        "reasoning_content": "The person asks for a size.",
        "provider_specific_fields": {"refusal": None},
        "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}],
        "images": [],
        "annotations": [],
        "function_call": None,
    }
    parts = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    opened = [{"role": "assistant", "content": "Welcome."}, {"role": "user", "content": "Hello."}]
    prefilled = [*QUESTION, {"role": "assistant", "content": "A wren is "}]
    return {
        "foreign": said(ask(messages=[*QUESTION, foreign, {"role": "user", "content": parts}]))["content"],
        "opened": said(ask(messages=opened))["content"],
        "prefilled": said(ask(messages=prefilled))["content"],
    }


def headers() -> dict:
    raw = CLIENT.chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION)
    limits = sorted(name for name in raw.headers if name.startswith("x-ratelimit-"))
    missing = refusal(lambda: CLIENT.models.retrieve("no-such-model"))
    model = CLIENT.models.retrieve(MODEL)
    return {
        "model": [model.id, model.object],
        "missing": missing,
        "request_id": raw.parse()._request_id,
        "model_request_id": model._request_id,
        "limits": limits,
    }


def wrong_paths() -> dict:
    return {
        "completions": refusal(lambda: CLIENT.completions.create(model=MODEL, prompt="A wren is")),
        "files": refusal(lambda: CLIENT.files.list()),
        "doubled": refusal(lambda: CLIENT.post("//chat/completions", cast_to=object, body={})),
        "several": refusal(lambda: ask(n=2)),
    }


def batches() -> dict:
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": MODEL, "messages": QUESTION}}
    file = (json.dumps(line) + "\n").encode()
    digest = base64.b64encode(hashlib.sha256(file).digest()).decode()
    created = CLIENT.batches.create(
        input_file_id=None,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"kind": "birds"},
        extra_body={"input_file": {"bytes": len(file), "sha256": digest}},
    )
    found = CLIENT.batches.retrieve(created.id)
    listed = [batch.id for batch in CLIENT.batches.list(limit=1)]
    cancelled = CLIENT.batches.cancel(created.id)
    missing = refusal(lambda: CLIENT.batches.retrieve("batch_01jd2x9b4tf7c8n2s6w1z5k0qd"))
    return {
        "upload": sorted(created.upload),
        "statuses": [created.status, found.status, cancelled.status in ("cancelling", "cancelled")],
        "metadata": found.metadata,
        "counts": found.request_counts.to_dict(),
        "listed": created.id in listed,
        "missing": missing,
        "misfits": misfits([created, found, cancelled]),
    }


def broken() -> dict:
    stream = ask(stream=True)
    return end_of(choice.delta.content for chunk in stream for choice in chunk.choices)


def valid() -> dict:
    usage = {"include_usage": True}
    return {
        "whole": misfits([ask(tools=TOOLS), ask()]),
        "streamed": misfits(ask(tools=TOOLS, stream=True, stream_options=usage)),
    }


if __name__ == "__main__":
    main(
        choices, streamed, loop, names, embedded, images, parsed, history, headers, wrong_paths, batches, broken, valid
    )
