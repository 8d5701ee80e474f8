"""Questions with gold ranges → how good retrieval is, with intervals. Pure: spans and ranges in, figures out.

Metrics over character ranges, after Smith & Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma, 2024):

    recall     |retrieved ∩ gold| / |gold|            the union of what was retrieved counts once
    precision  |retrieved ∩ gold| / Σ |retrieved|     each retrieved span in full, overlaps paid twice
    iou        |retrieved ∩ gold| / (Σ |retrieved| + |gold| - |retrieved ∩ gold|)

`recall@1000` is recall of the ranked spans cut at 1,000 tokens, so that settings that spend more tokens gain nothing by
it. Knows nothing of indices, models or search.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import LoadError
from .types import Hit

BUDGET = 1000
DEEPEST = 20  # hits looked at for hit@k and the reciprocal rank
_RESAMPLES = 2000
METRICS = ("recall", "precision", "iou", "recall@1000", "hit@1", "hit@5", "mrr", "tokens")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Question:
    """A question and where its answer stands: ranges of characters in one document."""

    query: str
    document: str
    references: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Means over questions, 95 % intervals by bootstrap over questions, and every question's own figures.

    `rows`, shape (questions, metrics), in the order of METRICS.
    """

    questions: int
    means: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    rows: npt.NDArray[np.float64]


def read_questions(path: Path) -> list[Question]:
    """A questions file: one JSON object a line. LoadError numbers the line that is not of the form."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise LoadError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    questions = [_question(path.name, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not questions:
        raise LoadError(f"{path.name} has no questions. Each line is {{question, document, references}}.")
    return questions


def _question(name: str, number: int, line: str) -> Question:
    try:
        row = json.loads(line)
        spans = tuple((int(each["start"]), int(each["end"])) for each in row["references"])
        question = Question(str(row["question"]), str(row["document"]), spans)
    except (ValueError, KeyError, TypeError) as error:
        raise LoadError(f'{name}, line {number} is not {{"question", "document", "references"}}: {error!r}.') from error
    if not spans or any(start < 0 or end <= start for start, end in spans):
        raise LoadError(f"{name}, line {number} has a reference without characters. Give 0 <= start < end.")
    return question


def evaluate(
    questions: Sequence[Question],
    search: Callable[[str], Iterable[Hit]],
    top_k: int,
    check: Callable[[int], None] = lambda done: None,
) -> Report:
    """Ask every question. `search` gives hits in order, as many as are read; `check(done)` may raise to stop."""
    rows = []
    for done, question in enumerate(questions):
        check(done)
        rows.append(_measure(question, list(_enough(search(question.query), top_k)), top_k))
    return summarise(np.array(rows, np.float64))


def summarise(rows: npt.NDArray[np.float64]) -> Report:
    """Means and bootstrap intervals of per-question figures, shape (questions, metrics)."""
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(rows), (_RESAMPLES, len(rows)))
    means = rows.mean(axis=0)
    spread = np.percentile(rows[picks].mean(axis=1), [2.5, 97.5], axis=0)
    return Report(
        questions=len(rows),
        means=dict(zip(METRICS, means.tolist(), strict=True)),
        intervals={name: (float(spread[0, i]), float(spread[1, i])) for i, name in enumerate(METRICS)},
        rows=rows,
    )


def _enough(hits: Iterable[Hit], top_k: int) -> Iterator[Hit]:
    """As many hits as any metric looks at."""
    tokens = 0
    for hit in hits:
        yield hit
        tokens += hit.tokens
        if hit.rank >= max(top_k, DEEPEST) and tokens >= BUDGET:
            return


def _measure(question: Question, hits: Sequence[Hit], top_k: int) -> list[float]:
    spans = [(hit.start, hit.end) if hit.document == question.document else None for hit in hits]
    first = next((rank for rank, span in enumerate(spans[:DEEPEST], 1) if touches(span, question.references)), 0)
    top = hits[:top_k]
    recall, precision, iou = overlap_metrics(spans[:top_k], [hit.end - hit.start for hit in top], question.references)
    within = _cut_at_budget(hits, spans)
    at_budget = overlap_metrics(within, [0] * len(within), question.references)[0]
    reciprocal = 1 / first if first else 0.0
    return [
        recall,
        precision,
        iou,
        at_budget,
        float(first == 1),
        float(0 < first <= 5),
        reciprocal,
        float(sum(hit.tokens for hit in top)),
    ]


def touches(span: Span | None, references: Sequence[Span]) -> bool:
    """Whether a span shares a character with any reference."""
    return span is not None and any(span[0] < end and start < span[1] for start, end in references)


def overlap_metrics(
    spans: Sequence[Span | None], sizes: Sequence[int], references: Sequence[Span]
) -> tuple[float, float, float]:
    """(recall, precision, iou) of retrieved spans; None is a span in another document, its size counts all the same."""
    gold = _merged(references)
    found = _merged([span for span in spans if span is not None])
    shared = sum(max(0, min(a[1], b[1]) - max(a[0], b[0])) for a in gold for b in found)
    wanted, paid = sum(end - start for start, end in gold), sum(sizes)
    union = paid + wanted - shared
    return shared / wanted, shared / paid if paid else 0.0, shared / union if union else 0.0


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _cut_at_budget(hits: Sequence[Hit], spans: Sequence[Span | None]) -> list[Span | None]:
    """The spans that 1,000 tokens pay for; the last is cut where they end, its characters taken to cost alike."""
    left = BUDGET
    kept: list[Span | None] = []
    for hit, span in zip(hits, spans, strict=True):
        if left <= 0:
            break
        share = min(1.0, left / hit.tokens) if hit.tokens else 1.0
        kept.append(None if span is None else (span[0], span[0] + int((span[1] - span[0]) * share)))
        left -= hit.tokens
    return kept


def as_json(report: Report) -> dict[str, Any]:
    """The report as the shell prints it."""
    result: dict[str, Any] = {"questions": report.questions}
    result |= {name: round(value, 6) for name, value in report.means.items()}
    result["intervals"] = {name: [round(low, 6), round(high, 6)] for name, (low, high) in report.intervals.items()}
    return result
