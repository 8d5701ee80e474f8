"""TextMap → sentences and units of one document, as arrays. Independent of chunk_size.

A *sentence* is what a passage is made of and what the field scores; one of more tokens than a unit is divided between
words. A *unit* is what is embedded for the field: whole sentences of one section up to 128 tokens, the heading path in
front. Knows nothing of models, scores or search.
"""

from dataclasses import dataclass

import numpy as np

from .outline import paths
from .types import BREAK_PARAGRAPH, BREAK_SENTENCE, BREAK_WORD, IntArray, TextMap

UNIT_TOKENS = 128
# A unit of at least so many tokens ends with its paragraph: the units after a changed paragraph stay what they were.
_PARAGRAPH_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of a document, in order, n of them, and its units, u of them.

    `starts`, `ends`: offsets; `tokens`; `sections`: number of the section; `units`: number of the unit, all shape (n,).
    `unit_starts`, `unit_ends`: offsets of each unit, shape (u,); `unit_sections`; `paths`: heading path by section.
    """

    starts: IntArray
    ends: IntArray
    tokens: IntArray
    sections: IntArray
    units: IntArray
    unit_starts: IntArray
    unit_ends: IntArray
    unit_sections: IntArray
    paths: list[str]

    def unit_text(self, text: str, unit: int) -> str:
        """What is embedded for a unit: its heading path, if it has one, and its own text."""
        path = self.paths[self.unit_sections[unit]]
        body = text[self.unit_starts[unit] : self.unit_ends[unit]]
        return f"{path}\n{body}" if path else body


def sentences(text: str, text_map: TextMap) -> Sentences:
    """The sentences and units of a mapped text."""
    lasts = _sentence_ends(text_map)
    firsts = np.concatenate([[0], lasts[:-1] + 1]).astype(np.int64) if len(lasts) else lasts
    before = text_map.tokens
    tokens = before[lasts + 1] - before[firsts]
    sections = np.searchsorted(text_map.sections[:, 0], firsts, "right") - 1
    paragraph_ends = text_map.breaks[lasts] >= BREAK_PARAGRAPH
    units = _pack(tokens.tolist(), sections.tolist(), paragraph_ends.tolist())
    edges = np.flatnonzero(np.diff(units, prepend=-1))
    unit_lasts = np.append(edges[1:], len(units)) - 1 if len(units) else edges
    starts, ends = text_map.starts[firsts], text_map.ends[lasts]
    return Sentences(
        starts=starts,
        ends=ends,
        tokens=tokens.astype(np.int32),
        sections=sections.astype(np.int32),
        units=units,
        unit_starts=starts[edges],
        unit_ends=ends[unit_lasts],
        unit_sections=sections[edges].astype(np.int32),
        paths=paths(text_map.sections.tolist(), text),
    )


def _sentence_ends(text_map: TextMap) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The last piece of every sentence, sentences longer than a unit divided."""
    lasts = np.flatnonzero(text_map.breaks >= BREAK_SENTENCE)
    before = text_map.tokens
    lengths = np.diff(before[lasts + 1], prepend=0)
    extra: list[int] = []
    for i in np.flatnonzero(lengths > UNIT_TOKENS):
        first, last = int(lasts[i - 1]) + 1 if i else 0, int(lasts[i])
        while before[last + 1] - before[first] > UNIT_TOKENS:
            end = int(np.searchsorted(before, before[first] + UNIT_TOKENS, "right")) - 2
            whole = np.flatnonzero(text_map.breaks[first : end + 1] >= BREAK_WORD)
            end = first + int(whole[-1]) if len(whole) else max(end, first)
            extra.append(end)
            first = end + 1
    return np.sort(np.concatenate([lasts, np.array(extra, np.int64)])) if extra else lasts


def _pack(tokens: list[int], sections: list[int], paragraph_ends: list[bool]) -> IntArray:
    """The unit of every sentence: whole sentences of one section while they fit."""
    units = np.empty(len(tokens), np.int32)
    unit, spent, section = -1, UNIT_TOKENS, -1
    for i, (count, belongs, ends) in enumerate(zip(tokens, sections, paragraph_ends, strict=True)):
        if belongs != section or spent + count > UNIT_TOKENS:
            unit, spent, section = unit + 1, 0, belongs
        spent += count
        units[i] = unit
        if ends and spent >= _PARAGRAPH_TOKENS:
            spent = UNIT_TOKENS
    return units
