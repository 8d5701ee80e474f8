import base64

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from rag_web.gate import Gate, hostname, is_local, knows
from rag_web.sharing import ShareState

DOOR = 50123
PASSWORD = "amber-otter-maple-4187"


def client(base: str, *, rest: bool = False, hosts: tuple[str, ...] = (), password: str = PASSWORD) -> TestClient:
    share = ShareState(password, rest=rest)
    share.door = DOOR

    async def echo(request):
        return PlainTextResponse("in")

    async def talk(websocket):
        await websocket.accept()
        await websocket.close()

    app = Starlette(
        routes=[
            Route("/", echo, methods=["GET", "POST"]),
            Route("/rag_endpoint", echo, methods=["GET", "POST"]),
            WebSocketRoute("/talk", talk),
        ],
        middleware=[Middleware(Gate, share=share, hosts=frozenset(hosts))],
    )
    return TestClient(app, base_url=base)


LOCAL, LINK = "http://127.0.0.1:7860", f"http://127.0.0.1:{DOOR}"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:7860", "localhost", "LOCALHOST:5001", "[::1]:7860", "192.168.0.7:7860", "my-laptop:7860", "box.local"],
)
def test_this_machine_and_its_network_come_in_without_a_password(host):
    assert client(LOCAL).get("/", headers={"host": host}).text == "in"
    assert client(LOCAL).get("/rag_endpoint", headers={"host": host}).text == "in"


@pytest.mark.parametrize(
    "host", ["evil.example", "abc.gradio.live", "127.0.0.1.evil.example:7860", "localhost.evil.example"]
)
def test_a_name_from_outside_is_refused_with_the_way_to_allow_it(host):
    response = client(LOCAL).get("/", headers={"host": host})
    assert response.status_code == 403
    assert f"--allow-host {host.split(':')[0]}" in response.text


def test_an_empty_name_is_refused():
    assert client(LOCAL).get("/", headers={"host": ""}).status_code == 403


def test_a_name_that_was_allowed_comes_in():
    assert client(LOCAL, hosts=("rag.example",)).get("/", headers={"host": "RAG.example:7860"}).text == "in"


def test_requests_on_behalf_of_another_page_are_refused():
    here, there = {"origin": LOCAL}, {"origin": "https://evil.example"}
    assert client(LOCAL).post("/", headers=here).text == "in"
    assert client(LOCAL).post("/", headers=there).status_code == 403
    assert client(LOCAL).post("/", headers={"origin": "null"}).status_code == 403
    assert client(LOCAL).get("/", headers=there).text == "in"  # it cannot read it: no CORS header


def test_an_allowed_name_may_be_a_proxys():
    proxied = {"host": "127.0.0.1:7860", "origin": "https://rag.example"}
    assert client(LOCAL, hosts=("rag.example",)).post("/", headers=proxied).text == "in"


@pytest.mark.parametrize("host", ["abc.gradio.live", "localhost", "127.0.0.1:7860"])
def test_the_link_asks_for_the_password_whatever_the_visitor_calls_us(host):
    response = client(LINK).get("/", headers={"host": host})
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic ")
    assert client(LINK).get("/", headers={"host": host}, auth=("anyone", PASSWORD)).text == "in"
    assert client(LINK).get("/", headers={"host": host, "authorization": f"Bearer {PASSWORD}"}).text == "in"


def test_rest_stays_off_the_link_unless_asked_for():
    closed = client(LINK).get("/rag_endpoint", auth=("me", PASSWORD))
    assert closed.status_code == 403
    assert "--share-rest" in closed.json()["error"]
    assert client(LINK).post("/rag_endpoint/", auth=("me", PASSWORD)).status_code == 403
    assert client(LINK, rest=True).get("/rag_endpoint").status_code == 401
    assert client(LINK, rest=True).get("/rag_endpoint", auth=("me", PASSWORD)).text == "in"


def test_websockets_go_through_the_same_gate():
    with pytest.raises(WebSocketDisconnect) as caught, client(LINK).websocket_connect(f"ws://127.0.0.1:{DOOR}/talk"):
        pass
    assert caught.value.code == 1008
    with client(LOCAL).websocket_connect("/talk"):
        pass


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "right"),
    [
        (basic("me:secret-1234"), True),
        (basic(":secret-1234"), True),
        (basic("me:비밀번호:1234"), False),
        (basic("me:wrong"), False),
        (basic("secret-1234"), False),
        ("Bearer secret-1234", True),
        ("bearer  secret-1234 ", True),
        ("Bearer wrong", False),
        ("Basic !!!", False),
        ("Digest secret-1234", False),
        ("", False),
    ],
)
def test_knows(header, right):
    assert knows("secret-1234", header) is right


def test_a_password_may_have_colons_and_any_script():
    assert knows("비밀:번호", basic("누구:비밀:번호"))


def test_an_empty_password_lets_nobody_in():
    assert not knows("", basic("me:"))
    assert client(LINK, password="").get("/", auth=("me", "")).status_code == 401


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:80", "localhost"),
        ("[::1]:80", "::1"),
        ("A.Example.", "a.example"),
        ("", ""),
        ("[bad", ""),
        (":80", ""),
    ],
)
def test_hostname(header, name):
    assert hostname(header) == name


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("10.0.0.1", True),
        ("::1", True),
        ("pi", True),
        ("pi.local", True),
        ("a.localhost", True),
        ("", False),
        ("a.b", False),
    ],
)
def test_is_local(name, local):
    assert is_local(name) is local
