import asyncio
import subprocess
import threading
import time

import httpx
import pytest
import uvicorn
from gradio import exceptions, networking, tunneling
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from rag_core import SettingError
from rag_web.gate import Gate
from rag_web.sharing import ShareState, Tunnel, new_password, why


@pytest.fixture
def share():
    return ShareState("amber-otter-maple-4187")


@pytest.fixture
def server(share):
    """A gated app served as gradio serves its own: uvicorn in a thread."""

    async def which_loop(request):
        return PlainTextResponse(str(id(asyncio.get_running_loop())))

    app = Starlette(routes=[Route("/", which_loop)], middleware=[Middleware(Gate, share=share)])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server
    server.should_exit = True
    thread.join(5)


def local_url(server) -> str:
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"


def test_a_new_state_is_local_unless_a_link_is_wanted(share):
    assert (share.status, share.url, share.reason, share.door) == ("creating", "", "", None)
    assert (ShareState().status, ShareState().password) == ("local", "")


def test_a_short_password_is_refused():
    with pytest.raises(SettingError, match="--share-password has 5 characters. Take 8 or more."):
        ShareState("short")


def test_passwords_are_made_of_words_and_digits():
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        *words, digits = password.split("-")
        assert len(words) == 3 and all(word.isalpha() for word in words)
        assert len(digits) == 4 and digits.isdecimal()


def test_the_tunnel_ends_at_a_door_of_its_own_behind_the_password(share, server, monkeypatch):
    asked = []

    def setup(*args):
        asked.append(args)
        return "http://abc123.gradio.live"

    monkeypatch.setattr(networking, "setup_tunnel", setup)
    said = []
    tunnel = Tunnel(share, server, said.append)
    thread = tunnel.start()
    thread.join(20)
    assert share.snapshot().status == "shared"
    assert share.url == "https://abc123.gradio.live"
    assert said == ["Shared at https://abc123.gradio.live with the password amber-otter-maple-4187"]
    host, port, token, *_ = asked[0]
    assert (host, port) == ("127.0.0.1", share.door)
    assert len(token) > 30

    door = f"http://127.0.0.1:{share.door}/"
    visitor = {"host": "abc123.gradio.live"}
    assert httpx.get(door).status_code == 401
    assert httpx.get(door, headers=visitor).status_code == 401
    through = httpx.get(door, headers=visitor, auth=("me", share.password))
    owner = httpx.get(local_url(server))
    assert through.status_code == owner.status_code == 200
    assert through.text == owner.text, "one event loop serves both, as gradio's queue needs"
    assert httpx.get(local_url(server), headers=visitor).status_code == 403

    tunnel.close()
    assert share.status == "local" and share.door is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(door)
    assert httpx.get(local_url(server)).status_code == 200


def test_a_failed_tunnel_says_why_and_leaves_the_page_alone(share, server, monkeypatch):
    def setup(*_):
        raise RuntimeError("Could not get share link from Gradio API Server.")

    monkeypatch.setattr(networking, "setup_tunnel", setup)
    said = []
    tunnel = Tunnel(share, server, said.append)
    tunnel.start().join(20)
    assert share.status == "failed"
    assert share.reason.startswith("The share service could not be reached.")
    assert said == [f"There is no share link. {share.reason}"]
    assert httpx.get(local_url(server)).status_code == 200
    tunnel.close()


def test_while_it_is_created_the_state_says_so(share, server, monkeypatch):
    go = threading.Event()

    def setup(*_):
        go.wait(10)
        return "https://x.gradio.live"

    monkeypatch.setattr(networking, "setup_tunnel", setup)
    tunnel = Tunnel(share, server, lambda _: None)
    thread = tunnel.start()
    assert share.status == "creating"
    go.set()
    thread.join(20)
    assert share.status == "shared"
    tunnel.close()


def test_closing_ends_our_tunnel_program_and_no_other(share, server, monkeypatch):
    def setup(host, port, token, *_):
        for name in (token, "somebody else's"):
            one = tunneling.Tunnel("remote", 1, host, port, name, None)
            one.proc = subprocess.Popen(["sleep", "60"])
            tunneling.CURRENT_TUNNELS.append(one)
        return "https://x.gradio.live"

    monkeypatch.setattr(tunneling, "CURRENT_TUNNELS", [])
    monkeypatch.setattr(networking, "setup_tunnel", setup)
    tunnel = Tunnel(share, server, lambda _: None)
    tunnel.start().join(20)
    ours, other = tunneling.CURRENT_TUNNELS
    process = ours.proc
    tunnel.close()
    assert process.wait(5) != 0
    assert other.proc.poll() is None
    other.proc.kill()
    other.proc.wait()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("Could not get share link from Gradio API Server."), "could not be reached"),
        (exceptions.ChecksumMismatchError(), "came damaged. Delete "),
        (exceptions.ShareCertificateWriteError("read-only\nlong"), "cannot be written to"),
        (httpx.ConnectError("[Errno -2]"), "could not be downloaded"),
        (ValueError("Could not create share URL.\nlog\nlog"), "gave no link"),
        (OSError("platform is incompatible. Please create"), "no tunnel program for this computer"),
        (PermissionError("exec"), "(PermissionError)"),
        (TimeoutError("the door did not open"), "(TimeoutError)"),
    ],
)
def test_why_is_one_line_with_the_next_step(error, said):
    reason = why(error)
    assert said in reason
    assert "\n" not in reason
    assert reason.endswith(".")
