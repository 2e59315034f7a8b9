"""What the client programs share: the address, the key and the model of a deployed Sextant, and how a program answers.

A program reads names of its functions, one a line, calls each and prints as JSON what the library gave it. It imports its
library once, which takes some of them seconds. The environment has BASE_URL, API_KEY, MODEL and VECTORS, the model for embeddings.
"""

import base64
import json
import os
import struct
import sys
import traceback
import zlib

from pydantic import ValidationError

ROOT = os.environ["BASE_URL"]
BASE_URL = ROOT + "/v1"
KEY = os.environ["API_KEY"]
MODEL = os.environ["MODEL"]
VECTORS = os.environ["VECTORS"]

SIZES = {"wren": "small", "owl": "large"}
SIZE_SCHEMA = {
    "type": "object",
    "properties": {"bird": {"type": "string", "description": "The bird's name"}, "unit": {"type": ["string", "null"]}},
    "required": ["bird", "unit"],
    "additionalProperties": False,
}
SIZE = {
    "type": "function",
    "function": {"name": "bird_size", "description": "Says how large a bird is.", "parameters": SIZE_SCHEMA},
}
SONG = {
    "type": "function",
    "function": {
        "name": "play_song",
        "description": "Plays a bird's song.",
        "parameters": {"type": "object", "properties": {"bird": {"type": "string"}}, "required": ["bird"]},
    },
}
TOOLS = [SIZE, SONG]


def bird_size(bird: str, unit: str | None = None) -> str:
    """Says how large a bird is."""
    return f"The {bird} is {SIZES[bird]}."


def png(side: int = 2) -> str:
    """A red square as base64 text of a PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = (b"\x00" + b"\xff\x00\x00" * side) * side
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(file).decode()


def end_of(pieces) -> dict:
    """Reads a stream of texts to its end: the text, and the class of the error that ended it."""
    text = ""
    try:
        for piece in pieces:
            text += piece or ""
    except Exception as error:  # noqa: BLE001
        return {"text": text, "error": type(error).__name__}
    return {"text": text, "error": None}


def misfits(objects) -> list[str]:
    """What is wrong with these objects by the types that the library chose for them. The library itself accepts all."""
    wrong = []
    for each in objects:
        try:
            type(each).model_validate(each.to_dict())
        except ValidationError as error:
            places = ((".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors())
            wrong += [f"{type(each).__name__}.{place}: {message}" for place, message in places]
    return wrong


def main(*functions) -> None:
    """Calls one function for each line of the input, which names it; prints its result as a line of JSON."""
    by_name = {function.__name__: function for function in functions}
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            result = by_name[line.strip()]()
        except Exception:  # noqa: BLE001
            result = {"exception": traceback.format_exc()}
        print(json.dumps(result, default=str), file=answers, flush=True)
