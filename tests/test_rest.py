import asyncio
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rag_core import Answer, Hit, IndexMissing, ModelError, Prompt, SearchSettings
from rag_core.types import PromptTokens
from rag_web import rest

PROMPT = Prompt((), "prompt", PromptTokens())
HIT = Hit(1, 0.9, "ENT-4001", "d1", 0, 9, 3, "Fireplace", dense=0.9)


class FakeBench:
    """As much of the Workbench as REST needs; remembers what it was asked."""

    def __init__(self, names=("books", "furniture"), error=None, snapshots=3):
        self.names, self.error, self.snapshots = names, error, snapshots
        self.asked, self.closed, self.coming = [], False, ()

    def list(self):
        return [SimpleNamespace(name=name) for name in self.names]

    def wait_for_build(self, seconds):
        self.names = self.names or self.coming
        return True

    def search(self, name, query, settings: SearchSettings):
        if self.error:
            raise self.error
        if name not in self.names:
            raise IndexMissing(f"There is no index named {name!r}. Build it first.")
        self.asked.append((name, query, settings.top_k))
        return [HIT]

    def ask(self, name, query, settings):
        try:
            for n in range(self.snapshots):
                yield Answer("It is " * n, "tiny", PROMPT)
            yield Answer("It is warm.", "tiny", PROMPT, (), "length", 30, 4)
        finally:
            self.closed = True


def client(bench) -> TestClient:
    return TestClient(Starlette(routes=rest.routes(bench)))


def test_a_question_during_the_first_build_waits_for_it():
    bench = FakeBench(names=())
    bench.coming = ("furniture",)
    assert client(bench).post("/rag_endpoint", json={"query": "warm?"}).status_code == 200
    assert bench.asked[0][0] == "furniture"


def test_a_question_gets_a_completion_and_its_matches():
    bench = FakeBench()
    response = client(bench).post("/rag_endpoint", json={"query": "warm?", "top_k": 3})
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"response", "matches"}
    completion = body["response"]
    assert completion["id"].startswith("cmpl-")
    assert completion["object"] == "text_completion"
    assert isinstance(completion["created"], int)
    assert completion["model"] == "tiny"
    assert completion["choices"] == [{"text": "It is warm.", "index": 0, "logprobs": None, "finish_reason": "length"}]
    assert completion["usage"] == {"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 34}
    assert list(body["matches"][0]) == [
        "rank", "score", "dense", "keyword", "document", "start", "end", "tokens", "text",
    ]  # fmt: skip
    assert body["matches"][0]["keyword"] is None
    assert bench.asked == [("furniture", "warm?", 3)]


def test_get_takes_the_same_fields():
    bench = FakeBench()
    response = client(bench).get("/rag_endpoint", params={"query": "따뜻한?", "index": "books", "top_k": "2"})
    assert response.status_code == 200
    assert bench.asked == [("books", "따뜻한?", 2)]


@pytest.mark.parametrize(("names", "used"), [(("b", "a"), "b"), (("a", "furniture"), "furniture")])
def test_without_an_index_furniture_or_the_first_is_asked(names, used):
    bench = FakeBench(names)
    client(bench).get("/rag_endpoint?query=x")
    assert bench.asked[0][0] == used


def test_without_any_index_the_next_step_is_named():
    response = client(FakeBench(names=())).get("/rag_endpoint?query=x")
    assert response.status_code == 404
    assert "python -m rag_core build" in response.json()["error"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{}", "query is missing or empty"),
        ('{"query": ""}', "query is missing or empty"),
        ('{"query": "  \\n"}', "query is missing or empty"),
        ('{"query": null}', "query is missing or empty"),
        ('{"query": 7}', "query must be text, not 7"),
        ('{"query": ["a"]}', 'query must be text, not ["a"]'),
        ('{"query": "x", "index": 3}', "index must be text, not 3"),
        ('{"query": "x", "top_k": "3"}', "top_k must be a whole number, not '3'"),
        ('{"query": "x", "top_k": 2.5}', "top_k must be a whole number, not 2.5"),
        ('{"query": "x", "top_k": true}', "top_k must be a whole number"),
        ('{"query": "x", "top_k": 0}', "top_k 0 is outside 1 to 1000"),
        ('{"query": "x"', "not JSON"),
        ("", "not JSON"),
        ("\xff", "not JSON"),
        ("[" * 5000, "not JSON"),
        ('["query"]', "not a JSON object"),
    ],
)
def test_a_wrong_request_is_told_which_field(body, named):
    response = client(FakeBench()).post("/rag_endpoint", content=body.encode("latin-1"))
    assert response.status_code == 400
    assert list(response.json()) == ["error"]
    assert named in response.json()["error"]


@pytest.mark.parametrize("url", ["/rag_endpoint", "/rag_endpoint?query=", "/rag_endpoint?query=%20"])
def test_get_without_a_query_is_refused(url):
    response = client(FakeBench()).get(url)
    assert response.status_code == 400
    assert "?query=your+question" in response.json()["error"]


def test_get_with_a_wrong_top_k_is_refused():
    response = client(FakeBench()).get("/rag_endpoint?query=x&top_k=many")
    assert response.status_code == 400
    assert "top_k must be a whole number, not 'many'" in response.json()["error"]


def test_an_unknown_index_is_404():
    response = client(FakeBench()).get("/rag_endpoint?query=x&index=nope")
    assert response.status_code == 404
    assert "'nope'" in response.json()["error"]


def test_a_body_over_a_megabyte_is_413():
    response = client(FakeBench()).post("/rag_endpoint", content=b'{"query": "' + b"x" * 1_000_000 + b'"}')
    assert response.status_code == 413
    assert "1,000,000 bytes" in response.json()["error"]


@pytest.mark.parametrize(
    ("error", "status"), [(ModelError("The model is damaged. Download it again."), 503), (ZeroDivisionError("x"), 500)]
)
def test_a_failure_inside_is_a_sentence_too(error, status):
    response = client(FakeBench(error=error)).get("/rag_endpoint?query=x")
    assert response.status_code == status
    assert response.json()["error"].endswith(".")


def test_other_methods_are_refused():
    assert client(FakeBench()).put("/rag_endpoint", json={"query": "x"}).status_code == 405


def test_health():
    response = client(FakeBench()).get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"


def test_a_client_that_leaves_frees_the_model():
    bench = FakeBench(snapshots=1000)
    route = rest.routes(bench)[0]
    sent = []

    async def leave_at_once():
        messages = iter([{"type": "http.request", "body": b'{"query": "x"}', "more_body": False}])

        async def receive():
            return next(messages, {"type": "http.disconnect"})

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/rag_endpoint", "headers": [], "query_string": b""}
        await route.app(scope, receive, send)

    asyncio.run(leave_at_once())
    assert bench.closed
    assert sent[0]["status"] == rest.CLIENT_GONE


def test_with_the_real_workbench_the_passages_are_quoted(bench, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "fire.txt").write_text("A wall-mounted electric fireplace with realistic LED flames by Hearth & Home.")
    (folder / "desk.txt").write_text("A writing desk of solid oak with two drawers.")
    bench.build("shop", [folder])
    response = client(bench).post("/rag_endpoint", json={"query": "electric fireplace with LED flames", "top_k": 1})
    assert response.status_code == 200
    assert [hit["document"] for hit in response.json()["matches"]] == ["fire.txt"]
