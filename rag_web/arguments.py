"""What `python app.py` can be told. Knows nothing of what is done with it; importing it loads nothing."""

import argparse


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The arguments of `python app.py`; what is left out is None, or decided here."""
    parser = argparse.ArgumentParser(prog="app.py", description="RAGscope: see your RAG at work, on your own machine.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="0.0.0.0 lets the local network in (default: %(default)s)")
    add("--port", type=int, help="default: 7860, or the next one that is free")
    add("--allow-host", action="append", default=[], metavar="NAME", help="one more name this machine is called by")
    add("--indices", help="folder of indices (default: indices/ beside app.py)")
    add("--models", help="folder of models (default: models/ beside app.py)")
    add("--embedder", help="a model's folder, its name in models/, or a hub repo id")
    add("--chat", help="a GGUF file, or its name in models/")
    add("--n-gpu-layers", type=int, help="how many layers of the chat model the GPU takes, -1 for all")
    add("--allow-download", action="store_true", help="fetch a model named here from the hub if it is missing")
    add("--share", action="store_true", help="also open a temporary public link, behind a password")
    add("--share-password", help="default: one is made up and shown")
    add("--share-rest", action="store_true", help="open /rag_endpoint on the link as well")
    add("--browser", action=argparse.BooleanOptionalAction, help="open a browser (default: no)")
    return parser.parse_args(argv)
