"""litellm as a client: tools, streams, vectors, and a history that holds all that litellm adds to a message."""

import json
import os

# It would ask the network for prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402
from sextant import BASE_URL, KEY, MODEL, ROOT, TOOLS, VECTORS, bird_size, end_of, main  # noqa: E402

litellm.suppress_debug_info = True
QUESTION = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "How large is a wren?"}]


def ask(**changes):
    asked = {"model": f"openai/{MODEL}", "api_base": BASE_URL, "api_key": KEY, "messages": QUESTION, "num_retries": 0}
    return litellm.completion(**{**asked, **changes})


def history() -> dict:
    """The assistant's message goes back whole, with members that litellm fills for other providers."""
    messages, rounds = list(QUESTION), 0
    while rounds < 5:
        rounds += 1
        message = ask(messages=messages, tools=TOOLS).choices[0].message
        sent = message.model_dump()
        sent["provider_specific_fields"] = {"refusal": None, "reasoning_content": "The person asks for a size."}
        sent["reasoning_content"] = "The person asks for a size."
        sent["thinking_blocks"] = [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}]
        sent["images"] = []
        messages.append(sent)
        if not message.tool_calls:
            return {"rounds": rounds, "content": message.content, "members": sorted(sent)}
        for call in message.tool_calls:
            result = bird_size(**json.loads(call.function.arguments))
            messages.append(
                {"role": "tool", "tool_call_id": call.id, "name": call.function.name, "content": result}
            )
    return {"rounds": rounds}


def streamed() -> dict:
    chunks = list(ask(tools=TOOLS, stream=True, stream_options={"include_usage": True}))
    built = litellm.stream_chunk_builder(chunks, messages=QUESTION)
    message = built.choices[0].message
    calls = [[call.function.name, json.loads(call.function.arguments)] for call in message.tool_calls or []]
    text = [chunk.choices[0].delta.content or "" for chunk in ask(stream=True) if chunk.choices]
    return {"content": message.content, "calls": calls, "tokens": built.usage.completion_tokens, "text": "".join(text)}


def others() -> dict:
    vectors = litellm.embedding(
        model=f"openai/{VECTORS}", input=["one", "two"], api_base=BASE_URL, api_key=KEY, encoding_format="float"
    )
    anthropic = litellm.completion(
        model=f"anthropic/{MODEL}", api_base=ROOT, api_key=KEY, messages=QUESTION, max_tokens=64, num_retries=0
    )
    try:
        ask(model="openai/no-such-model")
        error = None
    except litellm.exceptions.NotFoundError as missing:
        error = [type(missing).__name__, missing.status_code]
    return {
        "vectors": [len(entry["embedding"]) for entry in vectors.data],
        "anthropic": anthropic.choices[0].message.content,
        "error": error,
    }


def broken() -> dict:
    return end_of(chunk.choices[0].delta.content for chunk in ask(stream=True) if chunk.choices)


if __name__ == "__main__":
    main(history, streamed, others, broken)
