"""OpenAI's Python client, unchanged, against a deployed Sextant: says as JSON what it got.

Usage: client.py answers|formats|retries|errors|budget|limit|routes, with BASE_URL and API_KEY in the environment.
"""

import json
import os
import sys
import time

import openai

MODEL = "us.amazon.nova-pro-v1:0"
# Of its own, so that its failures open no breaker that others need.
FAILING = "us.amazon.nova-lite-v1:0"
# It takes a temperature or a top_p, and no schema whose root is a choice.
CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SCHEMA = {"type": "object", "required": ["bird"], "properties": {"bird": {"type": "string"}}}
VECTORS = "amazon.titan-embed-text-v2:0"
QUESTION = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Name a bird."}]


def client(key: str, **changes) -> openai.OpenAI:
    # Retries are the client's own; without them every answer is seen.
    return openai.OpenAI(**{"base_url": os.environ["BASE_URL"] + "/v1", "api_key": key, "max_retries": 0, **changes})


def answers(sextant: openai.OpenAI) -> dict:
    models = [model.id for model in sextant.models.list()]
    whole = sextant.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=50)
    text, roles, reasons, usage, arrivals = "", [], [], None, []
    stream = sextant.chat.completions.create(
        model=MODEL, messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        arrivals.append(time.monotonic())
        if chunk.usage:
            usage = chunk.usage.model_dump(exclude_none=True)
        for choice in chunk.choices:
            text += choice.delta.content or ""
            roles += [choice.delta.role] if choice.delta.role else []
            reasons += [choice.finish_reason] if choice.finish_reason else []
    vectors = sextant.embeddings.create(model=VECTORS, input=["a first text", "a second text"])
    return {
        "models": models,
        "whole": whole.model_dump(exclude_none=True),
        "streamed": {"text": text, "roles": roles, "reasons": reasons, "usage": usage},
        "spread_seconds": arrivals[-1] - arrivals[0],
        "vectors": [len(entry.embedding) for entry in vectors.data],
        "vector_tokens": vectors.usage.prompt_tokens,
    }


def formats(sextant: openai.OpenAI) -> dict:
    def ask(model: str, **changes):
        return sextant.chat.completions.create(**{"model": model, "messages": QUESTION, **changes}).choices[0]

    named = {"type": "json_schema", "json_schema": {"name": "bird", "strict": True, "schema": SCHEMA}}
    some_object = ask(CLAUDE, response_format={"type": "json_object"})
    schema = ask(CLAUDE, response_format=named)
    cut = ask(CLAUDE, response_format=named, max_tokens=5)
    samplers = ask(CLAUDE, temperature=0.7, top_p=1, stop=["END"], n=1, logit_bias=None, service_tier="auto", user="u")
    echoed = [*QUESTION, samplers.message, samplers.message.model_dump(), {"role": "user", "content": "Another."}]
    vectors = sextant.embeddings.create(model=VECTORS, input=["a text"] * 300)
    return {
        "some_object": some_object.message.content,
        "schema": schema.message.content,
        "cut": [cut.message.content, cut.finish_reason],
        "samplers": samplers.message.content,
        "echoed": ask(MODEL, messages=echoed).message.content,
        "vectors": [len(vectors.data), len(vectors.data[-1].embedding)],
    }


def retries(key: str) -> dict:
    """As clients are when nobody sets them up: they ask again what may pass, and nothing else."""
    sextant = client(key, max_retries=openai.DEFAULT_MAX_RETRIES)
    named = {"type": "json_schema", "json_schema": {"name": "bird", "schema": SCHEMA}}
    answer = sextant.chat.completions.create(model=FAILING, messages=QUESTION)
    unusable = caught(lambda: sextant.chat.completions.create(model=MODEL, messages=QUESTION, response_format=named))
    return {"answer": answer.choices[0].message.content, "unusable": unusable}


def caught(call) -> dict:
    try:
        call()
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code, "code": error.code, "type": error.type}
    return {"class": None}


def errors(sextant: openai.OpenAI, key: str) -> dict:
    def ask(**changes):
        return lambda: sextant.chat.completions.create(**{"model": MODEL, "messages": QUESTION, **changes})

    wrong = client(key[:-1] + ("0" if key[-1] != "0" else "1"))
    return {
        "unauthenticated": caught(lambda: wrong.models.list()),
        "no_model": caught(ask(model="no-such-model")),
        "no_vectors": caught(lambda: sextant.embeddings.create(model=MODEL, input="text")),
        "too_long": caught(ask()),
        "wrong_field": caught(ask(n=2)),
        "unavailable": caught(ask(model=FAILING)),
    }


def budget(sextant: openai.OpenAI) -> dict:
    create = sextant.chat.completions.create
    return {
        "whole": caught(lambda: create(model=MODEL, messages=QUESTION)),
        "streamed": caught(lambda: list(create(model=MODEL, messages=QUESTION, stream=True))),
        "vectors": caught(lambda: sextant.embeddings.create(model=VECTORS, input="text")),
    }


def limit(sextant: openai.OpenAI) -> dict:
    for _ in range(200):
        try:
            sextant.embeddings.create(model=VECTORS, input="text")
        except openai.RateLimitError as error:
            return {"code": error.code, "retry_after": error.response.headers.get("retry-after")}
    return {"code": None}


def routes(sextant: openai.OpenAI, key: str) -> dict:
    """What the client tells of a request besides its answer, and of routes that are not here."""
    model = sextant.models.retrieve(MODEL)
    whole = sextant.chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION)
    stream = sextant.chat.completions.create(model=MODEL, messages=QUESTION, stream=True)
    list(stream)
    limits = {name: value for name, value in whole.headers.items() if name.startswith("x-ratelimit-")}
    errors = {}
    for name, call in {
        "completions": lambda: sextant.completions.create(model=MODEL, prompt="Name a bird."),
        "files": lambda: sextant.files.list(),
        "images": lambda: sextant.images.generate(prompt="A bird."),
        "moderations": lambda: sextant.moderations.create(input="A bird."),
        "doubled": lambda: client(key, base_url=os.environ["BASE_URL"] + "/v1//").models.list(),
        "model": lambda: sextant.models.retrieve("gpt-0"),
    }.items():
        try:
            call()
        except openai.APIStatusError as error:
            errors[name] = {
                "class": type(error).__name__,
                "code": error.code,
                "message": str(error.body.get("message")),
                "has_id": bool(error.request_id),
            }
    return {
        "model": model.id,
        "ids": [model._request_id, whole.parse()._request_id, stream.response.headers.get("x-request-id")],
        "limits": limits,
        "errors": errors,
    }


def main() -> None:
    key = os.environ["API_KEY"]
    sextant = client(key)
    what = sys.argv[1]
    result = {
        "answers": lambda: answers(sextant),
        "formats": lambda: formats(sextant),
        "retries": lambda: retries(key),
        "errors": lambda: errors(sextant, key),
        "budget": lambda: budget(sextant),
        "limit": lambda: limit(sextant),
        "routes": lambda: routes(sextant, key),
    }
    print(json.dumps(result[what]()))


if __name__ == "__main__":
    main()
