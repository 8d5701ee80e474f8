"""REST: /rag_endpoint answers a question as llama-cpp-python's completion, with the passages found; /health.

Knows the Workbench and HTTP, nothing of the page. Who may come in is decided before, in gate.py.
"""

import json
import time
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, cast

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rag_core import Answer, IndexMissing, SearchSettings, Workbench

from . import __version__
from .notices import refusal, reply

ENDPOINT = "/rag_endpoint"
MAX_BODY = 1_000_000  # bytes
_PATIENCE = 120.0  # seconds
PREFERRED_INDEX = "furniture"
CLIENT_GONE = 499  # nobody reads it; it names the case in a log


@dataclass(frozen=True, slots=True)
class _Question:
    query: str
    index: str | None
    settings: SearchSettings


class _Refused(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def routes(bench: Workbench) -> list[Route]:
    """The routes to hand to the server.

    `POST /rag_endpoint {"query", "index"?, "top_k"?}` and `GET /rag_endpoint?query=…`: 200 {"response": completion,
    "matches": hits}; every refusal is {"error": sentence}.
    """

    async def rag(request: Request) -> Response:
        try:
            return await _respond(bench, request, await _question(request))
        except _Refused as refused:
            return refusal(refused.code, str(refused))
        except Exception as error:  # the edge: a program gets a sentence as well
            return reply(error)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    return [Route(ENDPOINT, rag, methods=["GET", "POST"]), Route("/health", health, methods=["GET"])]


def completion(answer: Answer) -> dict[str, Any]:
    """An answer in the form of llama-cpp-python's `create_completion`; that it was quoted shows in "model"."""
    return {
        "id": f"cmpl-{uuid.uuid4()}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": answer.model,
        "choices": [
            {
                "text": answer.text,
                "index": 0,
                "logprobs": None,
                "finish_reason": "length" if answer.finish_reason == "length" else "stop",
            }
        ],
        "usage": {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.answer_tokens,
            "total_tokens": answer.prompt_tokens + answer.answer_tokens,
        },
    }


async def _respond(bench: Workbench, request: Request, question: _Question) -> Response:
    index = await run_in_threadpool(_default_index, bench) if question.index is None else question.index
    hits = await run_in_threadpool(bench.search, index, question.query, question.settings)
    answers = cast(Generator[Answer, None, None], bench.ask(index, question.query, question.settings))
    answer: Answer | None = None
    async for answer in iterate_in_threadpool(answers):  # noqa: B007  # the last one is the whole answer
        if await request.is_disconnected():
            await run_in_threadpool(answers.close)  # nobody waits any more: free the model
            return Response(status_code=CLIENT_GONE)
    assert answer is not None, "an answer has at least one snapshot"
    return JSONResponse({"response": completion(answer), "matches": [hit.as_json() for hit in hits]})


def _default_index(bench: Workbench) -> str:
    names = [info.name for info in bench.list()]
    if not names and bench.wait_for_build(_PATIENCE):  # the first start may still be making the sample
        names = [info.name for info in bench.list()]
    if not names:
        raise IndexMissing(
            "There is no index yet. Upload files on the page, or run: python -m rag_core build NAME PATH"
        )
    return PREFERRED_INDEX if PREFERRED_INDEX in names else names[0]


async def _question(request: Request) -> _Question:
    fields = _from_url(request) if request.method == "GET" else await _from_body(request)
    query, index = _text(fields, "query"), _text(fields, "index")
    if query is None or not query.strip():
        raise _Refused(400, 'query is missing or empty. Send {"query": "your question"} or ?query=your+question.')
    top_k = fields.get("top_k")
    return _Question(query, index or None, SearchSettings() if top_k is None else SearchSettings(top_k=top_k))


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise _Refused(400, f"{name} must be text, not {json.dumps(value, ensure_ascii=False)[:60]}.")
    return value


def _from_url(request: Request) -> dict[str, Any]:
    fields: dict[str, Any] = dict(request.query_params)
    top_k = fields.get("top_k", "")
    if top_k.isascii() and top_k.isdecimal() and len(top_k) < 10:
        fields["top_k"] = int(top_k)
    return fields


async def _from_body(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise _Refused(413, f"The request is larger than {MAX_BODY:,} bytes. Send a shorter query.")
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refused(400, 'The request is not JSON. Send {"query": "your question"}.') from None
    if not isinstance(fields, dict):
        raise _Refused(400, 'The request is not a JSON object. Send {"query": "your question"}.')
    return fields
