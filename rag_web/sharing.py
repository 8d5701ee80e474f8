"""The share link: gradio's tunnel, opened after the local page is up, to a port of its own.

gradio's `launch(share=True)` would hold the local page back for up to half a minute and serve scripts from elsewhere.
The tunnel ends at a second socket of the same server, so that gate.py can tell visitors from the owner by where they
came in, which no header can feign. Knows nothing of the Workbench or of what is shown.
"""

import asyncio
import platform
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Literal, cast
from urllib.parse import urlsplit

import httpx
import uvicorn

from rag_core.errors import SettingError

Status = Literal["local", "creating", "shared", "failed"]

LOOPBACK = "127.0.0.1"
SHORTEST_PASSWORD = 8
DOOR_SECONDS = 5.0  # for a socket of our own to open or close
_WORDS = """
amber apple aspen basil beach birch bison brook cedar cherry cliff cloud clover coral cotton crane daisy delta
eagle ember falcon fern field finch flint forest fox garden ginger glade grape harbor hazel heron hill honey
indigo iris island ivory ivy jade jasmine juniper kelp kiwi lagoon lake lark laurel lemon lilac lily linen lotus
lynx magpie mango maple marble meadow melon mint moss nectar nutmeg oak ocean olive onyx orchid otter owl palm
panda pearl pebble pecan pepper pine plum pond poppy quail quartz rain raven reef river robin rose ruby saffron
sage salmon sand sequoia silver sky slate snow sparrow spruce star stone storm summer sun swan teal thistle
thyme tiger topaz tulip valley velvet violet walnut willow wren zebra
"""


@dataclass(frozen=True, slots=True)
class Share:
    """The link at one moment. `url` when it is shared, `reason` (a sentence with the next step) when it failed."""

    status: Status = "local"
    url: str = ""
    reason: str = ""


class ShareState:
    """What page and gate know of the link; safe to read from any thread, since it swaps one immutable value."""

    def __init__(self, password: str = "", *, rest: bool = False) -> None:
        """With a password a link is wanted: "creating" until it is there. `rest` opens REST to visitors as well."""
        if password and len(password) < SHORTEST_PASSWORD:
            raise SettingError(f"--share-password has {len(password)} characters. Take {SHORTEST_PASSWORD} or more.")
        self.password = password
        self.rest = rest
        self.door: int | None = None  # the port visitors come in by
        self._now = Share("creating" if password else "local")

    def snapshot(self) -> Share:
        """Status, link and reason as they belong together."""
        return self._now

    def change(self, **changes: str) -> None:
        """Replace parts of the snapshot."""
        self._now = replace(self._now, **changes)  # type: ignore[arg-type]  # mypy cannot match names to fields here

    @property
    def status(self) -> Status:
        """ "local" (never asked for), "creating", "shared" or "failed"."""
        return self._now.status

    @property
    def url(self) -> str:
        """The link, "" until it is there."""
        return self._now.url

    @property
    def reason(self) -> str:
        """Why there is no link, and what to do; "" unless it failed."""
        return self._now.reason


def new_password() -> str:
    """Three words and four digits, about 34 bits: easy to read out, too many to try through a link of one week."""
    words = "-".join(secrets.choice(_WORDS.split()) for _ in range(3))
    return f"{words}-{1000 + secrets.randbelow(9000)}"


class Tunnel:
    """One link to a server that runs already."""

    def __init__(self, state: ShareState, server: uvicorn.Server, announce: Callable[[str], None]) -> None:
        """`server` is the one gradio started; the door is opened in its event loop. `announce` gets the outcome."""
        self.state = state
        self._announce = announce
        self._server = server
        self._token = secrets.token_urlsafe(32)
        self._door: uvicorn.Server | None = None
        self._serving: Future[None] | None = None

    def start(self) -> threading.Thread:
        """Open the link in the background; the state tells how it went."""
        self.state.change(status="creating", url="", reason="")
        thread = threading.Thread(target=self._open, name="share-link", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Take the link and its door away."""
        from gradio import tunneling

        for tunnel in tunneling.CURRENT_TUNNELS:
            process = cast("subprocess.Popen[bytes] | None", tunnel.proc)
            if tunnel.share_token == self._token and process is not None:
                process.terminate()
                tunnel.proc = None
        if self._door is not None and self._serving is not None:
            self._door.should_exit = True
            wait([self._serving], timeout=DOOR_SECONDS)
        self.state.door = None
        self.state.change(status="local", url="", reason="")

    def _open(self) -> None:
        from gradio import networking

        try:
            port = self._open_door()
            address = networking.setup_tunnel(LOOPBACK, port, self._token, None, None)
        except Exception as error:  # gradio raises bare kinds, and whatever it is, the local page goes on
            self.state.change(status="failed", reason=why(error))
            self._announce(f"There is no share link. {self.state.reason}")
        else:
            self.state.change(status="shared", url=f"https://{urlsplit(address).netloc}")
            self._announce(f"Shared at {self.state.url} with the password {self.state.password}")

    def _open_door(self) -> int:
        listener = socket.create_server((LOOPBACK, 0))
        port = int(listener.getsockname()[1])
        self.state.door = port  # before it listens: nobody may come in unasked
        config = uvicorn.Config(
            self._server.config.app, lifespan="off", log_config=None, timeout_graceful_shutdown=1, log_level="critical"
        )
        self._door = uvicorn.Server(config)
        loop = self._server.servers[0].get_loop()
        self._serving = asyncio.run_coroutine_threadsafe(self._door.serve(sockets=[listener]), loop)
        until = time.monotonic() + DOOR_SECONDS
        while not self._door.started:
            if self._serving.done() or time.monotonic() > until:
                raise TimeoutError("the door did not open")
            time.sleep(0.01)
        return port


def why(error: Exception) -> str:
    """Why there is no link, as a sentence with the next step; gradio's own texts run over many lines."""
    from gradio import exceptions, tunneling

    again = "Then start again with --share. The page itself works."
    if isinstance(error, exceptions.ChecksumMismatchError):
        return f"The tunnel program came damaged. Delete {tunneling.BINARY_PATH}. {again}"
    if isinstance(error, exceptions.ShareCertificateWriteError):
        return f"The folder RAGscope was started in cannot be written to. Start it from another one. {again}"
    if isinstance(error, httpx.HTTPError):
        return (
            f"The tunnel program could not be downloaded. Check the internet connection, or download "
            f"{tunneling.BINARY_URL} to {tunneling.BINARY_PATH} yourself. {again}"
        )
    if isinstance(error, RuntimeError):
        return f"The share service could not be reached. Check the internet connection. {again}"
    if isinstance(error, ValueError):
        return f"The share service gave no link. Wait a few minutes. {again}"
    if isinstance(error, OSError) and "incompatible" in str(error):
        return f"There is no tunnel program for this computer ({platform.system()}, {platform.machine()}). Use --host."
    return f"The link could not be opened ({type(error).__name__}). Check the internet connection. {again}"
