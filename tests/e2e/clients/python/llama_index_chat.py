"""llama-index: chats, streams, structured answers, and the steps of an agent that calls functions."""

from llama_index.core.llms import ChatMessage
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel
from sextant import BASE_URL, KEY, MODEL, end_of, main
from sextant import bird_size as size

LLM = OpenAILike(
    model=MODEL,
    api_base=BASE_URL,
    api_key=KEY,
    is_chat_model=True,
    is_function_calling_model=True,
    context_window=8192,
    max_retries=0,
)
QUESTION = [ChatMessage(role="system", content="Be short."), ChatMessage(role="user", content="How large is a wren?")]


class Bird(BaseModel):
    """A bird."""

    name: str
    eggs: int | None


def bird_size(bird: str, unit: str | None = None) -> str:
    """Says how large a bird is."""
    return size(bird, unit)


TOOL = FunctionTool.from_defaults(bird_size)


def chat() -> dict:
    pieces = [chunk.delta for chunk in LLM.stream_chat(QUESTION)]
    return {"whole": LLM.chat(QUESTION).message.content, "streamed": "".join(piece or "" for piece in pieces)}


def structured() -> dict:
    program = FunctionCallingProgram.from_defaults(output_cls=Bird, llm=LLM, prompt_template_str="Describe a {bird}.")
    predicted = LLM.as_structured_llm(Bird).chat(QUESTION).raw
    return {"program": program(bird="wren").model_dump(), "predicted": predicted.model_dump()}


def agent() -> dict:
    """One step calls the function, and the next one reads its result."""
    messages, rounds = list(QUESTION), 0
    while rounds < 5:
        rounds += 1
        answer = LLM.chat_with_tools([TOOL], chat_history=messages)
        calls = LLM.get_tool_calls_from_response(answer, error_on_no_tool_call=False)
        messages.append(answer.message)
        if not calls:
            return {"rounds": rounds, "content": answer.message.content}
        for call in calls:
            output = TOOL(**call.tool_kwargs).content
            messages.append(ChatMessage(role="tool", content=output, additional_kwargs={"tool_call_id": call.tool_id}))
    return {"rounds": rounds}


def streamed_call() -> dict:
    last = None
    for last in LLM.stream_chat_with_tools([TOOL], chat_history=QUESTION):
        pass
    calls = LLM.get_tool_calls_from_response(last, error_on_no_tool_call=False)
    return {"calls": [[call.tool_name, call.tool_kwargs] for call in calls]}


def broken() -> dict:
    return end_of(chunk.delta for chunk in LLM.stream_chat(QUESTION))


if __name__ == "__main__":
    main(chat, structured, agent, streamed_call, broken)
