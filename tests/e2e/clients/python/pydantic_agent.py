"""pydantic-ai: an agent with each kind of output, and with a function tool."""

import asyncio
import base64

from openai_tools import Bird
from pydantic_ai import Agent, BinaryContent, NativeOutput, PromptedOutput
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from sextant import BASE_URL, KEY, MODEL, ROOT, main, png
from sextant import bird_size as size

PROVIDER = OpenAIProvider(base_url=BASE_URL, api_key=KEY)
CHAT = OpenAIChatModel(MODEL, provider=PROVIDER)
QUESTION = "How large is a wren?"


def outputs() -> dict:
    kinds = {"tool": Bird, "native": NativeOutput(Bird), "prompted": PromptedOutput(Bird)}
    return {
        name: Agent(CHAT, output_type=kind).run_sync(QUESTION).output.model_dump() for name, kind in kinds.items()
    }


def sized(model) -> Agent:
    agent = Agent(model, instructions="Be short.")

    @agent.tool_plain
    def bird_size(bird: str, unit: str | None = None) -> str:
        """Says how large a bird is."""
        return size(bird, unit)

    return agent


def tools() -> dict:
    result = sized(CHAT).run_sync(QUESTION)
    return {"output": result.output, "requests": result.usage.requests, "tool_calls": result.usage.tool_calls}


def streamed() -> dict:
    async def run() -> dict:
        async with sized(CHAT).run_stream(QUESTION) as result:
            pieces = [piece async for piece in result.stream_text(delta=True)]
            return {"text": "".join(pieces), "tokens": result.usage.output_tokens}

    return asyncio.run(run())


def pictures() -> dict:
    image = BinaryContent(data=base64.b64decode(png()), media_type="image/png")
    return {"output": Agent(CHAT).run_sync(["Which colour is it?", image]).output}


def responses() -> dict:
    model = OpenAIResponsesModel(MODEL, provider=PROVIDER)
    result = sized(model).run_sync(QUESTION)
    return {"output": result.output, "bird": Agent(model, output_type=Bird).run_sync(QUESTION).output.model_dump()}


def anthropic() -> dict:
    model = AnthropicModel(MODEL, provider=AnthropicProvider(base_url=ROOT, api_key=KEY))
    result = sized(model).run_sync(QUESTION)
    return {"output": result.output, "bird": Agent(model, output_type=Bird).run_sync(QUESTION).output.model_dump()}


def broken() -> dict:
    async def run() -> dict:
        try:
            async with Agent(CHAT).run_stream(QUESTION) as result:
                async for _ in result.stream_text(delta=True):
                    pass
        except Exception as error:  # noqa: BLE001
            return {"error": type(error).__name__}
        return {"error": None}

    return asyncio.run(run())


if __name__ == "__main__":
    main(outputs, tools, streamed, pictures, responses, anthropic, broken)
