"""The one place where an error becomes what a person or a program is told: a toast on the page, a status on REST.

Knows the error tree, not what raised it. gradio is imported only when a toast is due.
"""

import functools
import html
import inspect
import logging
from collections.abc import Callable, Generator
from typing import Any, NoReturn, ParamSpec, TypeVar

from starlette.responses import JSONResponse

from rag_core.errors import (
    Cancelled,
    IndexMismatch,
    IndexMissing,
    LoadError,
    ModelError,
    QueryError,
    RagError,
    SettingError,
    StoreError,
)

P = ParamSpec("P")
R = TypeVar("R")

_LOG = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[RagError], int], ...] = (
    (SettingError, 400),
    (QueryError, 400),
    (IndexMissing, 404),
    (IndexMismatch, 409),
    (LoadError, 422),
    (ModelError, 503),
    (StoreError, 503),
    (Cancelled, 503),
)


def sentence(error: BaseException) -> str:
    """What to tell the person, as one plain line; never a traceback, nor a message of a library."""
    if isinstance(error, RagError):
        return " ".join(str(error).split())
    return f"Something unexpected happened ({type(error).__name__}). The details are in the window RAGscope runs in."


def status(error: BaseException) -> int:
    """The HTTP status of an error: 4xx when the request can be mended, 503 when this installation must be."""
    return next((code for kind, code in _STATUS if isinstance(error, kind)), 500)


def refusal(code: int, message: str) -> JSONResponse:
    """The body every refused REST request gets."""
    return JSONResponse({"error": message}, status_code=code)


def reply(error: Exception) -> JSONResponse:
    """An error as REST tells it; one that is none of ours is logged with its traceback."""
    _log(error)
    return refusal(status(error), sentence(error))


def told(handler: Callable[P, R]) -> Callable[P, R]:
    """Wrap a page's event handler, plain or generator: whatever goes wrong in it is shown as a sentence.

    The page's outermost edge, hence the only place besides REST that catches every Exception.
    """
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, Any, Any]:
            try:
                return (yield from handler(*args, **kwargs))
            except Exception as error:
                _toast(error)

        return stream  # type: ignore[return-value]  # R is the very Generator that stream gives

    @functools.wraps(handler)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            _toast(error)

    return call


def _toast(error: Exception) -> NoReturn:
    import gradio as gr

    if isinstance(error, gr.Error):
        raise error
    _log(error)
    title = "Stopped" if isinstance(error, Cancelled) else "That did not work"
    # Toasts are rendered as HTML, and a message may quote a file's name.
    raise gr.Error(html.escape(sentence(error)), title=title, print_exception=False) from error


def _log(error: Exception) -> None:
    if not isinstance(error, RagError):
        _LOG.error("Unexpected error", exc_info=error)
