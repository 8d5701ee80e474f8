"""What one visitor's page remembers between two events, and long work in a thread that a page can watch.

Knows nothing of gradio's components; a Session lives in a gr.State and is changed in place.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from rag_core.overview import Match
from rag_core.protocols import OnProgress, ShouldStop
from rag_core.searching import Ranking
from rag_core.settings import ChunkSettings
from rag_core.types import Hit, Progress

from .views.chat import Turn

T = TypeVar("T")
_LOOK = 0.1  # seconds between two looks at a job: ten pictures a second are smooth enough
_BEAT = 0.25  # seconds after which a reader of a stream gets a sign of life


class Job(Generic[T]):
    """Work in a thread of its own: told to stop by `cancel`, watched by `steps`, its end in `result`."""

    def __init__(self, work: Callable[[OnProgress, ShouldStop], T]) -> None:
        self.progress: Progress | None = None
        self._work = work
        self._stop = threading.Event()
        self._end: Future[T] = Future()
        threading.Thread(target=self._run, daemon=True, name="rag-web-job").start()

    def _run(self) -> None:
        try:
            self._end.set_result(self._work(self._note, self._stop.is_set))
        except BaseException as error:  # handed to whoever asks for the result
            self._end.set_exception(error)

    def _note(self, progress: Progress) -> None:
        self.progress = progress

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return not self._end.done()

    def cancel(self) -> None:
        """Ask it to stop at its next look."""
        self._stop.set()

    def steps(self) -> Iterator[Progress | None]:
        """The latest progress, again and again, until the work has ended."""
        while self.running:
            yield self.progress
            time.sleep(_LOOK)

    def result(self) -> T:
        """What the work returned; raises what it raised. Waits for the end."""
        return self._end.result()


class Stream(Generic[T]):
    """An iterator run ahead in a thread, so that a page may leave it at any moment, even while it computes.

    Iterating gives the newest item each time, or None when there is no news yet; items in between are passed over.
    """

    def __init__(self, items: Callable[[], Iterator[T]]) -> None:
        self._items = items
        self._stop = threading.Event()
        self._news = threading.Event()
        self._latest: T | None = None
        self._error: BaseException | None = None
        self._ended = False
        threading.Thread(target=self._run, daemon=True, name="rag-web-stream").start()

    def _run(self) -> None:
        try:
            with closing(self._items()) as items:  # type: ignore[type-var]  # generators, all of them
                for item in items:
                    if self._stop.is_set():
                        break
                    self._latest = item
                    self._news.set()
        except BaseException as error:  # raised where the stream is read
            self._error = error
        self._ended = True
        self._news.set()

    def __iter__(self) -> Iterator[T | None]:
        while True:
            self._news.wait(_BEAT)
            fresh = self._news.is_set()
            self._news.clear()
            ended, latest = self._ended, self._latest
            if fresh and latest is not None:
                yield latest
            elif not ended:
                yield None
            if ended:
                break
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Leave the stream: the iterator is closed as soon as it gives way."""
        self._stop.set()


@dataclass(slots=True)
class Session:
    """One visitor: the last ranking and what is shown of it, the conversation, the work in hand."""

    ranking: Ranking | None = None
    hits: list[Hit] = field(default_factory=list)
    index: str = ""  # of the ranking
    asked: str = ""  # the last question of a search, ranked or not
    chunking: ChunkSettings | None = None  # the last cut that was valid
    anyway: bool = False  # show hits although nothing was found
    judged: tuple[Ranking, Match] | None = None  # the last ranking whose cosines were compared with unrelated ones
    picked: int = 0  # rank of the selected hit
    document: str = ""  # shown in the viewer
    shown: str = ""  # shown in the preview
    paths: tuple[str, ...] = ()  # names of the files dropped last
    all_rows: bool = False
    turns: list[Turn] = field(default_factory=list)
    stop: threading.Event | None = None  # of the answer that is streaming
    job: Job[Any] | None = None  # a build or an embedding that may be cancelled
    version: int = 0  # counts what is sent to the viewer, so that equal values are still news

    def __deepcopy__(self, memo: object) -> "Session":
        """A new visitor starts with nothing; gradio copies the value it was given."""
        return Session()
