"""Anthropic's Python client, with the messages of its format."""

import anthropic
from sextant import KEY, MODEL, ROOT, SIZE_SCHEMA, bird_size, end_of, main, misfits, png

CLIENT = anthropic.Anthropic(base_url=ROOT, api_key=KEY, auth_token=None, max_retries=0)
QUESTION = [{"role": "user", "content": "How large is a wren?"}]
TOOL = {"name": "bird_size", "description": "Says how large a bird is.", "input_schema": SIZE_SCHEMA}


def ask(client: anthropic.Anthropic = CLIENT, **changes):
    return client.messages.create(**{"model": MODEL, "max_tokens": 64, "messages": QUESTION, **changes})


def said(message) -> dict:
    blocks = [
        {"type": "tool_use", "id": block.id, "name": block.name, "input": block.input}
        if block.type == "tool_use"
        else {"type": block.type, "text": getattr(block, "text", None)}
        for block in message.content
    ]
    return {"reason": message.stop_reason, "blocks": blocks}


def whole() -> dict:
    message = ask(system="Be short.")
    blocks = [{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}]
    stopped = ask(system=blocks, stop_sequences=["END"], metadata={"user_id": "u"}, extra_body={"temperature": 0.5})
    prefilled = ask(messages=[*QUESTION, {"role": "assistant", "content": "A wren is "}])
    return {
        "id": message.id[:4],
        "kind": [message.type, message.role, message.model],
        "said": said(message),
        "usage": message.usage.model_dump(exclude_none=True),
        "request_id": message._request_id,
        "stopped": [stopped.stop_reason, stopped.stop_sequence],
        "cut": ask(max_tokens=1).stop_reason,
        "prefilled": said(prefilled)["blocks"],
    }


def streamed() -> dict:
    kinds, text = [], ""
    with CLIENT.messages.stream(model=MODEL, max_tokens=64, messages=QUESTION) as stream:
        for event in stream:
            kinds.append(event.type)
            text += event.text if event.type == "text" else ""
        final = stream.get_final_message()
    raw = [event.type for event in ask(stream=True)]
    with CLIENT.messages.stream(model=MODEL, max_tokens=64, messages=QUESTION, tools=[TOOL]) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        called = stream.get_final_message()
    return {
        "events": list(dict.fromkeys(kinds)),
        "text": text,
        "final": said(final),
        "usage": final.usage.model_dump(exclude_none=True),
        "raw": [kind for at, kind in enumerate(raw) if raw[at - 1 : at] != [kind]],
        "pieces": "".join(pieces),
        "called": said(called),
    }


def tools() -> dict:
    messages, rounds = list(QUESTION), 0
    while rounds < 5:
        rounds += 1
        message = ask(messages=messages, tools=[TOOL])
        messages.append({"role": "assistant", "content": message.content})
        uses = [block for block in message.content if block.type == "tool_use"]
        if not uses:
            return {"rounds": rounds, "said": said(message)}
        results = [
            {"type": "tool_result", "tool_use_id": use.id, "content": bird_size(**use.input), "is_error": False}
            for use in uses
        ]
        messages.append({"role": "user", "content": [*results, {"type": "text", "text": "Go on."}]})
    return {"rounds": rounds}


def choices() -> dict:
    kinds = {
        "auto": {"type": "auto", "disable_parallel_tool_use": True},
        "any": {"type": "any"},
        "tool": {"type": "tool", "name": "bird_size"},
        "none": {"type": "none"},
    }
    return {name: said(ask(tools=[TOOL], tool_choice=choice)) for name, choice in kinds.items()}


def images() -> dict:
    source = {"type": "base64", "media_type": "image/png", "data": png()}
    parts = [{"type": "image", "source": source}, {"type": "text", "text": "Which colour is it?"}]
    result = {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": [{"type": "text", "text": "This is the bird."}, {"type": "image", "source": source}],
    }
    use = {"type": "tool_use", "id": "toolu_1", "name": "bird_size", "input": {"bird": "wren", "unit": None}}
    turns = [*QUESTION, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return {
        "seen": said(ask(messages=[{"role": "user", "content": parts}])),
        "result": said(ask(messages=turns, tools=[TOOL])),
    }


def refusal(call) -> dict:
    try:
        call()
    except anthropic.APIStatusError as error:
        names = {"class": type(error).__name__, "status": error.status_code, "request_id": error.request_id}
        body = error.body if isinstance(error.body, dict) else {}
        return {**names, "kind": [body.get("type"), (body.get("error") or {}).get("type")], "message": error.message}
    return {"class": None}


def errors() -> dict:
    wrong = KEY[:-1] + ("0" if KEY[-1] != "0" else "1")
    foreign = anthropic.Anthropic(base_url=ROOT, api_key=wrong, auth_token=None, max_retries=0)
    return {
        "unauthenticated": refusal(lambda: ask(foreign)),
        "no_model": refusal(lambda: ask(model="no-such-model")),
        "no_messages": refusal(lambda: ask(messages=[])),
        "streamed": refusal(lambda: list(ask(model="no-such-model", stream=True))),
    }


def tokens() -> dict:
    """The key in the header that OpenAI's format has, and the models by this client."""
    bearer = anthropic.Anthropic(base_url=ROOT, api_key=None, auth_token=KEY, max_retries=0)
    return {"bearer": said(ask(bearer)), "model": CLIENT.models.retrieve(MODEL).id}


def broken() -> dict:
    with CLIENT.messages.stream(model=MODEL, max_tokens=64, messages=QUESTION) as stream:
        return end_of(stream.text_stream)


def runner() -> dict:
    """The runner of tools begins a thread and goes on without one, and the history is shortened on the way."""
    size = anthropic.beta_tool(bird_size, input_schema=SIZE_SCHEMA)
    cleared = {"type": "clear_tool_uses_20250919", "trigger": {"type": "tool_uses", "value": 10}}
    edits = [{"type": "clear_thinking_20251015", "keep": "all"}, cleared]
    turns = list(
        CLIENT.beta.messages.tool_runner(
            model=MODEL, max_tokens=64, messages=QUESTION, tools=[size], context_management={"edits": edits}
        )
    )
    edited = turns[-1].context_management
    return {"said": [said(turn) for turn in turns], "edits": edited and edited.model_dump()}


def counted() -> dict:
    count = CLIENT.messages.count_tokens
    return {
        "plain": count(model=MODEL, messages=QUESTION).input_tokens,
        "tools": count(model=MODEL, messages=QUESTION, system="Be short.", tools=[TOOL]).input_tokens,
        "batches": refusal(lambda: CLIENT.messages.batches.list()),
    }


def valid() -> dict:
    return {
        "whole": misfits([ask(tools=[TOOL]), ask()]),
        "streamed": misfits([*ask(tools=[TOOL], stream=True), *ask(stream=True)]),
    }


if __name__ == "__main__":
    main(whole, streamed, tools, choices, images, errors, tokens, runner, counted, broken, valid)
