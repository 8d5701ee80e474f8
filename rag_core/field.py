"""The sentence field: one score for every sentence of an index, and the passages grown on it.

    dense(i)    min-max over units of the cosine of the question with the unit that holds sentence i
    keyword(i)  mean over widths 180 and 360 of min-max of BM25 of the window of about so many tokens around i
    field(i)    weight * dense(i) + (1 - weight) * keyword(i), smoothed .15 / .70 / .15 over neighbours

A passage begins at the best sentence not yet taken and grows, one sentence at a time, towards the better neighbour:
within `chunk_size` tokens, never over the end of a section, never onto a sentence below `floor` times its beginning.
A section of which it holds more than half, and that fits, it takes whole: the price at the end of a product's text is
worth more than the few tokens saved. Of sentences with the same text only the first begins a passage. Everything a
slider governs is read off the field, so nothing is embedded again when one moves. Knows nothing of models, files or
the page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .bm25 import Postings, Windows
from .termcount import TermCounter
from .terms import terms
from .types import Document, FloatArray, IntArray, TextMap
from .units import Sentences, sentences

WIDTHS = (180, 360)
SMOOTHING = (0.15, 0.70, 0.15)
HEADING_WEIGHT = 0.5
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scores:
    """One question's scores.

    `field` and `keyword` (raw BM25, mean over widths) by sentence, `dense` (raw cosine) by unit; `weight` of the mix.
    """

    field: FloatArray
    dense: FloatArray
    keyword: FloatArray
    weight: float


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences first … last of the table, grown from `anchor`."""

    anchor: int
    first: int
    last: int


class Table:
    """All sentences of an index in one row, with postings and windows. Made once per state of the index."""

    def __init__(self, documents: Sequence[Document], maps: Sequence[TextMap]) -> None:
        parts = [sentences(document.text, text_map) for document, text_map in zip(documents, maps, strict=True)]
        self.parts = parts
        sizes = np.array([len(part.starts) for part in parts], np.int64)
        unit_sizes = np.array([len(part.unit_starts) for part in parts], np.int64)
        section_sizes = np.array([len(part.paths) for part in parts], np.int64)
        self.first_row = np.concatenate([[0], np.cumsum(sizes)])
        self.first_unit = np.concatenate([[0], np.cumsum(unit_sizes)])
        self.documents = np.repeat(np.arange(len(parts)), sizes)
        self.starts = _joined([part.starts for part in parts])
        self.ends = _joined([part.ends for part in parts])
        self.tokens = _joined([part.tokens for part in parts])
        self.units = _joined([part.units for part in parts]) + np.repeat(self.first_unit[:-1], sizes)
        first_section = np.cumsum(section_sizes) - section_sizes
        self.sections = _joined([part.sections for part in parts]) + np.repeat(first_section, sizes)
        # the first row of each section that has sentences, and which of them each row belongs to
        self._section_rows = np.append(np.flatnonzero(np.diff(self.sections, prepend=-1)), len(self.sections))
        self._section_of = np.searchsorted(self._section_rows, np.arange(len(self.sections)), "right") - 1
        self.original, self.copies = _copies(documents, parts)
        self._edges = np.flatnonzero(np.diff(self.documents, prepend=-1))  # the first sentence of each document
        self.postings = _postings(documents, parts, len(self.starts))
        low_high = [self._window_edges(width) for width in WIDTHS]
        self.windows = [Windows(self.postings, low, high) for low, high in low_high]

    def __len__(self) -> int:
        return len(self.starts)

    def unit_texts(self, documents: Sequence[Document]) -> list[str]:
        """What is embedded, unit by unit."""
        return [
            part.unit_text(document.text, unit)
            for document, part in zip(documents, self.parts, strict=True)
            for unit in range(len(part.unit_starts))
        ]

    def scores(self, question: str, cosine: FloatArray, weight: float) -> Scores:
        """The field of a question; `cosine` is its raw cosine with every unit, shape (units,)."""
        words = terms(question)
        raw = np.zeros(len(self), np.float32)
        field = np.zeros(len(self), np.float32)
        for window in self.windows:
            scores = window.scores(words)
            raw += scores / np.float32(len(self.windows))
            field += _min_max(scores) * np.float32((1 - weight) / len(self.windows))
        if len(cosine):
            field += (_min_max(cosine) * np.float32(weight))[self.units]
        return Scores(self._smooth(field), cosine, raw, weight)

    def dense_share(self, scores: Scores, row: int) -> float:
        """Which part of a sentence's score its units' vectors gave, 0 to 1; smoothing is linear, so parts add up."""
        if not len(scores.dense) or scores.field[row] <= 0:
            return 0.0
        low, high = float(scores.dense.min()), float(scores.dense.max())
        if high <= low:
            return 0.0
        given = 0.0
        for near, share in zip((row - 1, row, row + 1), SMOOTHING, strict=True):
            inside = 0 <= near < len(self) and self.documents[near] == self.documents[row]
            cosine = float(scores.dense[self.units[near if inside else row]])
            given += share * scores.weight * (cosine - low) / (high - low)
        return min(1.0, given / float(scores.field[row]))

    def passages(
        self, field: FloatArray, chunk_size: int, floor: float, allowed: npt.NDArray[np.bool_] | None = None
    ) -> Iterator[Passage]:
        """Passages from the best on, until every sentence is taken or a duplicate; only in `allowed` rows."""
        taken = np.zeros(len(self), bool) if allowed is None else ~allowed
        for anchor in _descending(field):
            if not taken[anchor] and self.original[anchor]:
                passage = self._grow(field, int(anchor), taken, chunk_size, floor)
                taken[passage.first : passage.last + 1] = True
                yield passage

    def _grow(self, field: FloatArray, anchor: int, taken: npt.NDArray[np.bool_], size: int, floor: float) -> Passage:
        first = last = anchor
        left = size - int(self.tokens[anchor])
        section, least = self.sections[anchor], floor * field[anchor]
        while True:
            best, chosen = -1.0, -1
            for near in (first - 1, last + 1):
                if (
                    0 <= near < len(field)
                    and best < field[near] >= least
                    and self.tokens[near] <= left
                    and self.sections[near] == section
                    and not taken[near]
                ):
                    best, chosen = float(field[near]), near
            if chosen < 0:
                return self._whole_section(Passage(anchor, first, last), taken, size)
            left -= int(self.tokens[chosen])
            first, last = min(first, chosen), max(last, chosen)

    def _whole_section(self, passage: Passage, taken: npt.NDArray[np.bool_], size: int) -> Passage:
        """The passage, or its whole section where that fits and half of it is there already."""
        section = self._section_of[passage.anchor]
        first, end = int(self._section_rows[section]), int(self._section_rows[section + 1])
        total = (
            int(self.tokens[first:end].sum()) if passage.last - passage.first + 1 < end - first <= size else size + 1
        )
        held = int(self.tokens[passage.first : passage.last + 1].sum())
        if total > size or held < total / 2 or taken[first:end].any():
            return passage
        return Passage(passage.anchor, first, end - 1)

    def _smooth(self, field: FloatArray) -> FloatArray:
        """Mixed with both neighbours; at a document's edge with itself."""
        before, own, after = (np.float32(share) for share in SMOOTHING)
        smooth = own * field
        smooth[1:] += before * field[:-1]
        smooth[:-1] += after * field[1:]
        if len(field):
            first, last = self._edges, self._edges - 1  # of every document that has sentences
            smooth[first] += before * (field[first] - np.where(first, field[first - 1], 0))
            following = (last + 1) % len(field)
            smooth[last] += after * (field[last] - np.where(following, field[following], 0))
        return smooth

    def _window_edges(self, width: int) -> tuple[Ints, Ints]:
        """The sentences [low, high) whose middles lie within half a width of each sentence's, in its document."""
        ends = np.cumsum(self.tokens, dtype=np.int64)
        middles = ends - self.tokens / 2
        low = np.searchsorted(middles, middles - width / 2, "left")
        high = np.searchsorted(middles, middles + width / 2, "right")
        return np.maximum(low, self.first_row[self.documents]), np.minimum(high, self.first_row[self.documents + 1])


def _postings(documents: Sequence[Document], parts: Sequence[Sentences], rows: int) -> Postings:
    """Each sentence's terms, and those of the headings above it for half."""
    counter = TermCounter()
    first = 0
    for document, part in zip(documents, parts, strict=True):
        counter.add(document.text, part.starts, part.ends, first)
        for section, path in enumerate(part.paths):
            if path:
                inside = first + np.flatnonzero(part.sections == section)
                counter.add_to_all(path, inside, HEADING_WEIGHT)
        first += len(part.starts)
    return counter.postings(rows)


def _copies(documents: Sequence[Document], parts: Sequence[Sentences]) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Per sentence: whether it is the first of its text, and how many sentences have that text."""
    numbers: dict[str, int] = {}
    which = [
        numbers.setdefault(document.text[start:end], len(numbers))
        for document, part in zip(documents, parts, strict=True)
        for start, end in zip(part.starts.tolist(), part.ends.tolist(), strict=True)
    ]
    texts = np.array(which, np.int64)
    _, first = np.unique(texts, return_index=True)
    original = np.zeros(len(texts), bool)
    original[first] = True
    return original, np.bincount(texts, minlength=len(numbers))[texts] if len(texts) else texts


def _joined(arrays: list[IntArray]) -> Ints:
    return np.concatenate([*arrays, np.zeros(0, np.int32)]).astype(np.int64)


def _min_max(scores: FloatArray) -> FloatArray:
    """Stretched to 0 … 1; all equal: 0."""
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    stretched: FloatArray = (scores - low) / (high - low) if high > low else np.zeros_like(scores)
    return stretched


def _descending(field: FloatArray) -> Iterator[int]:
    """Rows by score, the best first; a list of hits seldom needs more than some hundred, so the rest is sorted late."""
    few, block = 512, 64
    if len(field) < 4 * few * block:
        yield from np.argsort(-field, kind="stable").tolist()
        return
    whole = len(field) // block * block
    # the 512th best of the blocks' maxima is at most the 512th best of all
    maxima = field[:whole].reshape(-1, block).max(axis=1)
    least = np.partition(maxima, len(maxima) - few)[len(maxima) - few]
    for rows in (np.flatnonzero(field >= least), np.flatnonzero(field < least)):
        yield from rows[np.argsort(-field[rows], kind="stable")].tolist()
