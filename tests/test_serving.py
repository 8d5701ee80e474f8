"""The real page on a real port: REST, gate, uploads and link beside it."""

import socket
import time

import httpx
import pytest
from fakes import FakeChat
from gradio import networking

from rag_core import SettingError, Workbench
from rag_core.embedding.hashing import HashingEmbedder
from rag_web.serving import Server
from rag_web.sharing import ShareState

PASSWORD = "amber-otter-maple-4187"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def share():
    return ShareState(PASSWORD)


@pytest.fixture(scope="module")
def server(share, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    (folder / "fire.txt").write_text("A wall-mounted electric fireplace with realistic LED flames by Hearth & Home.")
    (folder / "desk.txt").write_text("A writing desk of solid oak with two drawers.")
    bench = Workbench(folder / "indices", folder / "models", embedder=HashingEmbedder(), chat=FakeChat())
    bench.build("shop", [folder / "fire.txt", folder / "desk.txt"])
    server = Server(bench, share, port=free_port())
    yield server
    server.close()


def test_the_page_and_rest_share_a_port(server):
    page = httpx.get(server.url)
    assert page.status_code == 200
    assert "RAGscope" in page.text
    answer = httpx.get(server.url + "rag_endpoint", params={"query": "electric fireplace with LED flames"}, timeout=30)
    assert answer.status_code == 200
    assert answer.json()["matches"][0]["document"] == "fire.txt"
    assert answer.json()["response"]["model"] == "fake-chat"
    assert httpx.get(server.url + "health").json()["status"] == "ok"


def test_the_gate_stands_before_everything(server):
    elsewhere = {"host": "evil.example"}
    for path in ("", "config", "gradio_api/info", "health", "rag_endpoint?query=x"):
        assert httpx.get(server.url + path, headers=elsewhere).status_code == 403, path
    files = {"files": ("a.txt", b"x")}
    foreign = httpx.post(server.url + "gradio_api/upload", files=files, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert httpx.post(server.url + "gradio_api/upload", files=files).status_code == 200


def test_what_nobody_asked_for_is_off(server):
    assert httpx.get(server.url + "monitoring").status_code == 403
    assert httpx.get(server.url + "openapi.json").status_code == 404


def test_a_port_in_use_is_a_sentence(server, tmp_path):
    port = int(server.url.rstrip("/").rpartition(":")[2])
    bench = Workbench(tmp_path / "i", tmp_path / "m", embedder=HashingEmbedder())
    with pytest.raises(SettingError, match=f"cannot listen at 127.0.0.1:{port}.*choose another --port"):
        Server(bench, ShareState(), port=port)
    bench.close()


def test_the_page_works_through_the_link_with_the_password_only(server, share, monkeypatch):
    monkeypatch.setattr(networking, "setup_tunnel", lambda *_: "http://abc.gradio.live")
    said = []
    server.open_link(said.append)
    until = time.monotonic() + 20
    while not said and time.monotonic() < until:
        time.sleep(0.02)
    assert said == [f"Shared at https://abc.gradio.live with the password {PASSWORD}"]
    door, known = f"http://127.0.0.1:{share.door}/", ("visitor", PASSWORD)
    visitor = {"host": "abc.gradio.live"}
    for path in ("", "config", "gradio_api/upload_progress?upload_id=x", "gradio_api/heartbeat/x", "health"):
        assert httpx.get(door + path, headers=visitor).status_code == 401, path
    assert httpx.get(door, headers=visitor, auth=known).status_code == 200
    own = {**visitor, "origin": "https://abc.gradio.live"}
    upload = httpx.post(door + "gradio_api/upload", files={"files": ("a.txt", b"x")}, headers=own, auth=known)
    assert upload.status_code == 200
    rest = httpx.get(door + "rag_endpoint?query=x", headers=visitor, auth=known)
    assert rest.status_code == 403
    assert "--share-rest" in rest.json()["error"]
    with httpx.stream("GET", door + "gradio_api/heartbeat/x", headers=visitor, auth=known) as stream:
        assert next(stream.iter_text())  # server-sent events pass unbuffered
