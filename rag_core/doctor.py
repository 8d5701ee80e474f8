"""What an answer needs, checked part by part and told in sentences. Loads no model. Knows nothing of the shell."""

import importlib.util
import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .engines import Engines
from .errors import RagError

_LEAST_FREE = 1 << 30
_PACKAGES = ("numpy", "torch", "transformers", "tokenizers", "llama_cpp", "gradio")


@dataclass(frozen=True, slots=True)
class Check:
    """One part, whether it is in order, and what was seen or what to do."""

    part: str
    ok: bool
    detail: str


def examine(indices: Path, engines: Engines) -> Iterator[Check]:
    """All checks, in the order in which a first question needs the parts."""
    yield Check("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Check("sqlite", sqlite3.sqlite_version_info >= (3, 35), sqlite3.sqlite_version)
    for package in _PACKAGES:
        found = importlib.util.find_spec(package) is not None
        yield Check(package, found, "installed" if found else "missing: pip install -r requirements.txt")
    yield _folder(indices)
    try:
        embedder = engines.embedder()
        yield Check("embedder", True, f"{embedder.name}, reads {embedder.max_tokens} tokens at once")
    except RagError as error:
        yield Check("embedder", False, str(error))
    try:
        chat = engines.chat_info()
        detail = f"{chat.name}, {chat.origin}" if chat else "none; answers are quoted from the documents"
        yield Check("chat model", chat is not None, detail)
    except RagError as error:
        yield Check("chat model", False, str(error))


def _folder(indices: Path) -> Check:
    parent = indices if indices.is_dir() else indices.parent
    if not os.access(parent, os.W_OK):
        return Check("indices", False, f"{indices} cannot be written. Give another folder with --indices.")
    free = shutil.disk_usage(parent).free
    return Check("indices", free >= _LEAST_FREE, f"{indices}, {free / (1 << 30):.1f} GB free")
