"""Prompt → Answer: growing snapshots of what a model writes, or the passages' own sentences where none can.

Knows nothing of search, of indices or of how an answer is shown.
"""

import re
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .errors import ModelError
from .llms.quoting import quote
from .prompting import build_prompt
from .protocols import LanguageModel
from .settings import AnswerSettings
from .types import Answer, Citation, Hit, Message, Prompt, PromptTokens, Timings

QUOTED_MODEL = "quoted passages"
_PAUSE = 1 / 25  # seconds between snapshots: more often than this the page falls behind
_MARK = re.compile(r"\s?\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_OPEN_MARK = re.compile(r"\s?\[[\d\s,]*$")
_HANGUL = re.compile(r"[가-힣]")


def answer(
    question: str,
    hits: Sequence[Hit],
    found: bool,
    nearest: float,
    model: LanguageModel | None,
    reason: str,
    settings: AnswerSettings,
    history: Sequence[Message] = (),
) -> Iterator[Answer]:
    """Snapshots of the answer; the first has the prompt and no text, the last a finish reason.

    `found` False: one snapshot that says so, `nearest` being the cosine of the closest passage. `model` None, or one
    that fails: quoted sentences, with `reason` as their note. QueryError if the question does not fit the model.
    Closing the iterator stops the model.
    """
    if not found:
        yield _not_found(question, nearest, model)
        return
    if model is None:
        yield _quoted(question, hits, _NO_PROMPT, reason)
        return
    try:
        prompt = build_prompt(question, hits, model, settings, history)
    except ModelError as error:
        yield _quoted(question, hits, _NO_PROMPT, str(error))
        return
    if not prompt.used:
        note = prompt.dropped[0].reason if prompt.dropped else "There is no passage to answer from."
        yield _quoted(question, hits, prompt, note)
        return
    try:
        yield from _written(prompt, model, settings)
    except ModelError as error:
        yield _quoted(question, prompt.used, prompt, str(error))


_NO_PROMPT = Prompt((), "", PromptTokens())


def _not_found(question: str, nearest: float, model: LanguageModel | None) -> Answer:
    if _HANGUL.search(question):
        text = f"문서에서 답을 찾지 못했습니다. 가장 가까운 구절의 코사인은 {nearest:.2f}입니다."
    else:
        text = f"The documents do not seem to say. The closest passage has cosine {nearest:.2f}."
    return Answer(text, "" if model is None else model.name, _NO_PROMPT, finish_reason="not_found")


def _quoted(question: str, hits: Sequence[Hit], prompt: Prompt, note: str) -> Answer:
    started = time.perf_counter()
    text, citations = quote(question, hits)
    prompt = replace(prompt, used=tuple(hits), dropped=())
    seconds = time.perf_counter() - started
    return Answer(
        text, QUOTED_MODEL, prompt, citations, "stop", timings=Timings(seconds, seconds), quoted=True, note=note
    )


def _written(prompt: Prompt, model: LanguageModel, settings: AnswerSettings) -> Iterator[Answer]:
    growing = _Growing(prompt, model)
    yield growing.snapshot()
    pieces = model.stream(prompt.text, replace(settings, max_tokens=prompt.tokens.answer))
    try:
        finish = yield from _snapshots(growing, pieces)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    yield growing.snapshot(finish)


def _snapshots(growing: "_Growing", pieces: Iterator[str]) -> Generator[Answer, None, str]:
    """A snapshot for the pieces of every pause; the finish reason."""
    shown = growing.started
    while True:
        try:
            growing.add(next(pieces))
        except StopIteration as end:
            return str(end.value or "stop")
        now = time.perf_counter()
        if now - shown >= _PAUSE:
            shown = now
            yield growing.snapshot()


@dataclass
class _Growing:
    """What the model has written so far."""

    prompt: Prompt
    model: LanguageModel
    text: str = ""
    pieces: int = 0
    first: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def add(self, piece: str) -> None:
        if piece and not self.pieces:
            self.first = time.perf_counter() - self.started
        self.pieces += bool(piece)
        self.text += piece

    def snapshot(self, finish: str = "") -> Answer:
        text, citations = cite(self.text, self.prompt.used, complete=bool(finish))
        return Answer(
            text=text,
            model=self.model.name,
            prompt=self.prompt,
            citations=citations,
            finish_reason=finish,
            prompt_tokens=self.prompt.tokens.total,
            answer_tokens=self.model.count(self.text) if finish else self.pieces,
            timings=Timings(self.first, time.perf_counter() - self.started),
        )


def cite(text: str, used: Sequence[Hit], complete: bool = True) -> tuple[str, tuple[Citation, ...]]:
    """The text without marks that match no passage, and what the others point at, in order of first mention.

    A mark not closed yet is held back until it is; at the end it is dropped.

    >>> cite("By Ada [1], not Bob [7].", [Hit(1, 0.9, "a.txt", "a", 0, 3, 1, "Ada")])[0]
    'By Ada [1], not Bob.'
    """
    cited: list[int] = []

    def checked(mark: re.Match[str]) -> str:
        numbers = [int(number) for number in mark[1].split(",") if 1 <= int(number) <= len(used)]
        cited.extend(number for number in numbers if number not in cited)
        space = mark[0][: mark[0].index("[")]
        return space + "".join(f"[{number}]" for number in numbers) if numbers else ""

    text = _MARK.sub(checked, _OPEN_MARK.sub("", text))
    if complete:
        text = text.strip()
    return text.lstrip(), tuple(_citation(number, used[number - 1]) for number in cited)


def _citation(number: int, hit: Hit) -> Citation:
    return Citation(number, hit.document, hit.start, hit.end, hit.text)
