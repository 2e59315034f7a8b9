"""OpenAI's Python client: the Responses API."""

import json

import openai
from openai_tools import Bird, refusal
from sextant import BASE_URL, KEY, MODEL, SIZE, bird_size, end_of, main, misfits, png

CLIENT = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)
TOOL = {"type": "function", **SIZE["function"], "strict": False}
QUESTION = "How large is a wren?"


def ask(**changes):
    return CLIENT.responses.create(**{"model": MODEL, "input": QUESTION, "store": False, **changes})


def whole() -> dict:
    response = ask(instructions="Be short.", max_output_tokens=50)
    turns = [
        {"role": "user", "content": [{"type": "input_text", "text": QUESTION}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": response.output_text, "annotations": []}]},
        {"role": "user", "content": "Another."},
    ]
    cut = ask(max_output_tokens=16)
    picture = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{png()}"}
    seen = ask(input=[{"role": "user", "content": [{"type": "input_text", "text": "Which colour?"}, picture]}])
    return {
        "status": response.status,
        "object": response.object,
        "text": response.output_text,
        "kinds": [item.type for item in response.output],
        "usage": response.usage.model_dump(),
        "instructions": response.instructions,
        "request_id": response._request_id,
        "turns": ask(input=turns).output_text,
        "cut": [cut.status, cut.incomplete_details.reason if cut.incomplete_details else None],
        "picture": seen.output_text,
    }


def streamed() -> dict:
    kinds, text, numbers, last = [], "", [], None
    for event in ask(stream=True):
        kinds.append(event.type)
        numbers.append(event.sequence_number)
        text += event.delta if event.type == "response.output_text.delta" else ""
        last = event
    with CLIENT.responses.stream(model=MODEL, input=QUESTION, tools=[TOOL], store=False) as stream:
        helper = [event.type for event in stream]
        final = stream.get_final_response()
    return {
        "events": list(dict.fromkeys(kinds)),
        "numbers": numbers == list(range(len(numbers))),
        "text": text,
        "final_text": last.response.output_text,
        "usage": last.response.usage.model_dump(),
        "helper_events": list(dict.fromkeys(helper)),
        "helper_calls": [[item.name, json.loads(item.arguments)] for item in final.output if item.type == "function_call"],
    }


def tools() -> dict:
    """Sends back the items of the answer as they came, with the results, until there is a text."""
    items, rounds = [{"role": "user", "content": QUESTION}], 0
    while rounds < 5:
        rounds += 1
        response = ask(input=items, tools=[TOOL])
        items += response.output
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            return {"rounds": rounds, "text": response.output_text}
        for call in calls:
            result = bird_size(**json.loads(call.arguments))
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
    return {"rounds": rounds}


def choices() -> dict:
    named = {"type": "function", "name": "bird_size"}
    answers = [
        ask(tools=[TOOL], tool_choice=choice, parallel_tool_calls=False) for choice in ("required", named, "none")
    ]
    return {"kinds": [[item.type for item in answer.output] for answer in answers]}


def parsed() -> dict:
    bird = CLIENT.responses.parse(model=MODEL, input=QUESTION, text_format=Bird, store=False).output_parsed
    plain = ask(text={"format": {"type": "json_object"}}, input="Name a bird, as JSON.")
    return {"bird": bird.model_dump(), "object": json.loads(plain.output_text)}


def refused() -> dict:
    return {
        "previous": refusal(lambda: ask(previous_response_id="resp_1")),
        "model": refusal(lambda: ask(model="no-such-model")),
        "streamed": refusal(lambda: list(ask(model="no-such-model", stream=True))),
        "hosted_tool": refusal(lambda: ask(tools=[{"type": "web_search"}])),
        "retrieved": refusal(lambda: CLIENT.responses.retrieve("resp_1")),
    }


def unset_store() -> dict:
    """As programs are that never heard of `store`."""
    return {"text": CLIENT.responses.create(model=MODEL, input=QUESTION).output_text}


def broken() -> dict:
    """The library raises nothing for an event that says that the response failed."""
    kinds = []

    def pieces():
        for event in ask(stream=True):
            kinds.append(event.type)
            yield event.delta if event.type == "response.output_text.delta" else ""

    end = end_of(pieces())
    return {**end, "error": end["error"] or next((kind for kind in kinds if kind in ("error", "response.failed")), None)}


def valid() -> dict:
    return {
        "whole": misfits([ask(tools=[TOOL]), ask()]),
        "streamed": misfits([*ask(tools=[TOOL], stream=True), *ask(stream=True)]),
    }


if __name__ == "__main__":
    main(whole, streamed, tools, choices, parsed, refused, unset_store, broken, valid)
