"""instructor: each mode for servers of OpenAI's format, and its second question after an answer that does not fit."""

import instructor
import openai
from pydantic import BaseModel, field_validator
from sextant import BASE_URL, KEY, MODEL, main

OPENAI = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)
QUESTION = [{"role": "user", "content": "Describe a wren."}]


class Nest(BaseModel):
    material: str
    eggs: int | None


class Bird(BaseModel):
    name: str
    nest: Nest

    @field_validator("name")
    @classmethod
    def in_lower_case(cls, name: str) -> str:
        if name != name.lower():
            raise ValueError("the name must be in lower case")
        return name


def asked(mode: instructor.Mode, retries: int = 1) -> dict:
    client = instructor.from_openai(OPENAI, mode=mode)
    bird = client.chat.completions.create(
        model=MODEL, messages=QUESTION, response_model=Bird, max_retries=retries
    )
    return bird.model_dump()


def modes() -> dict:
    return {mode.name: asked(mode) for mode in (instructor.Mode.TOOLS, instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA)}


def again() -> dict:
    """The first answer of each mode does not pass the validator; the library says why and asks again."""
    modes = (instructor.Mode.TOOLS, instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA)
    return {mode.name: asked(mode, retries=2) for mode in modes}


def streamed() -> dict:
    client = instructor.from_openai(OPENAI, mode=instructor.Mode.TOOLS)
    partial = client.chat.completions.create_partial(model=MODEL, messages=QUESTION, response_model=Bird)
    several = client.chat.completions.create_iterable(model=MODEL, messages=QUESTION, response_model=Nest)
    return {"partial": list(partial)[-1].model_dump(), "several": [one.model_dump() for one in several]}


if __name__ == "__main__":
    main(modes, again, streamed)
