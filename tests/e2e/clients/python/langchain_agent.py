"""langchain-openai: structured output in each of its methods, tools, an agent, and streams."""

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from openai_tools import Bird
from sextant import BASE_URL, KEY, MODEL, VECTORS, end_of, main, png
from sextant import bird_size as size

CHAT = ChatOpenAI(model=MODEL, base_url=BASE_URL, api_key=KEY, max_retries=0, stream_usage=True)
QUESTION = [SystemMessage("Be short."), HumanMessage("How large is a wren?")]


@tool
def bird_size(bird: str, unit: str | None = None) -> str:
    """Says how large a bird is."""
    return size(bird, unit)


def structured() -> dict:
    """Each method once; `json_mode` alone wants the word JSON in the prompt."""
    asked = [*QUESTION[:1], HumanMessage("Describe a wren as JSON.")]
    answers = {}
    for method in ("function_calling", "json_mode", "json_schema"):
        answers[method] = CHAT.with_structured_output(Bird, method=method).invoke(asked).model_dump()
    strict = CHAT.with_structured_output(Bird, method="function_calling", strict=True).invoke(asked)
    return {**answers, "strict": strict.model_dump()}


def tools() -> dict:
    bound = CHAT.bind_tools([bird_size])
    whole = bound.invoke(QUESTION)
    forced = CHAT.bind_tools([bird_size], tool_choice="bird_size", parallel_tool_calls=False).invoke(QUESTION)
    total = None
    for chunk in bound.stream(QUESTION):
        total = chunk if total is None else total + chunk
    return {
        "whole": [[call["name"], call["args"]] for call in whole.tool_calls],
        "forced": [[call["name"], call["args"]] for call in forced.tool_calls],
        "streamed": [[call["name"], call["args"]] for call in total.tool_calls],
        "usage": total.usage_metadata,
    }


def agent() -> dict:
    made = create_agent(CHAT, [bird_size], system_prompt="Be short.")
    messages = made.invoke({"messages": [HumanMessage("How large are a wren and an owl?")]})["messages"]
    return {"kinds": [message.type for message in messages], "content": messages[-1].content}


def streamed() -> dict:
    pieces = [chunk.content for chunk in CHAT.stream(QUESTION) if chunk.content]
    return {"text": "".join(pieces), "pieces": len(pieces)}


def pictures() -> dict:
    image = {"type": "image", "base64": png(), "mime_type": "image/png"}
    answer = CHAT.invoke([HumanMessage([{"type": "text", "text": "Which colour is it?"}, image])])
    vectors = OpenAIEmbeddings(model=VECTORS, base_url=BASE_URL, api_key=KEY, check_embedding_ctx_length=False)
    return {"content": answer.content, "vectors": [len(one) for one in vectors.embed_documents(["one", "two"])]}


def responses() -> dict:
    """The same chat over the Responses API, as its setting has it."""
    chat = ChatOpenAI(
        model=MODEL, base_url=BASE_URL, api_key=KEY, max_retries=0, use_responses_api=True, store=False
    )
    whole = chat.bind_tools([bird_size]).invoke(QUESTION)
    pieces = [chunk.text for chunk in chat.stream(QUESTION)]
    return {"calls": [[call["name"], call["args"]] for call in whole.tool_calls], "text": "".join(pieces)}


def broken() -> dict:
    return end_of(chunk.content for chunk in CHAT.stream(QUESTION))


if __name__ == "__main__":
    main(structured, tools, agent, streamed, pictures, responses, broken)
