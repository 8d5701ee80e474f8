"""TextMap + ChunkSettings → Chunks: arithmetic on cumulative token counts, for any size, without tokenising again.

A chunk takes as many pieces as fit and gives back the tail after the best break: the end of a paragraph or a line if
the chunk stays at least half full, of a sentence if a quarter full, else of a word. Only a word that alone is longer
than `chunk_size` is cut inside, between graphemes.

The count of a slice that begins or ends inside a word can differ from the sum of its pieces by a few tokens, since a
tokenizer reads half a word differently. Such slices (every slice, for a tokenizer that is not additive over words) are
counted anew and shortened until they fit, so `tokens` is exact and at most `chunk_size`. The one exception: a single
grapheme of more tokens than `chunk_size` is a chunk of its own.

Knows nothing of models, stores or search.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .protocols import Tokenizer
from .settings import ChunkSettings
from .types import (
    BREAK_INNER,
    BREAK_LINE,
    BREAK_PARAGRAPH,
    BREAK_SENTENCE,
    BREAK_WORD,
    Chunk,
    TextMap,
)

Breaks = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Piece edges after which a cut is a word's end, a sentence's end, and the best ends with the fill they ask for."""

    words: "memoryview[int]"
    sentences: "memoryview[int]"
    preferred: "tuple[tuple[memoryview[int], float], ...]"


def cut(
    text: str, text_map: TextMap, settings: ChunkSettings, tokenizer: Tokenizer, document_id: str = ""
) -> list[Chunk]:
    """The chunks of a text in order: together they cover every character but the white space between words.

    Each begins and ends at a piece, so `text[start:end]` has no white space around it. Neighbours share at most
    `chunk_overlap` tokens, beginning at a sentence if one begins there, else at a word.
    """
    return Cutter(text, text_map, tokenizer, document_id).cut(settings)


class Cutter:
    """Cuts one mapped text at any settings. Kept, it answers a new size without looking at the text again."""

    def __init__(self, text: str, text_map: TextMap, tokenizer: Tokenizer, document_id: str = "") -> None:
        self.text = text
        self.text_map = text_map
        self.tokenizer = tokenizer
        self.document_id = document_id
        self._pieces = len(text_map.starts)
        # memoryviews index as fast as lists in bisect and cost nothing to make
        self._starts = text_map.starts.data
        self._ends = text_map.ends.data
        self._before = text_map.tokens.data
        # per piece edge: 1 where a slice that begins or ends there must be counted on its own text
        if tokenizer.additive:
            self._glued = b"\0" + (text_map.starts[1:] == text_map.ends[:-1]).tobytes() + b"\0"
        else:
            self._glued = b"\1" * (self._pieces + 1)
        self._cuts = _cuts(text_map.breaks)

    def cut(self, settings: ChunkSettings) -> list[Chunk]:
        """The chunks at these settings, in order."""
        cuts = self._cuts
        if settings.paragraph_separator or settings.secondary_chunking_regex:
            cuts = _cuts(_custom_breaks(self.text, self.text_map, settings))
        size, overlap = settings.chunk_size, settings.chunk_overlap
        starts, ends, before, glued = self._starts, self._ends, self._before, self._glued
        chunks: list[Chunk] = []
        first = covered = 0
        while covered < self._pieces:
            end = self._end(cuts, first, covered, size, before[first] + size)
            tokens = before[end] - before[first]
            if glued[first] or glued[end]:
                end, tokens = self._shorten(cuts, first, covered, size, end)
            if end <= covered:  # the overlap left no room for anything new
                first = covered
                continue
            chunks.append(Chunk(self.document_id, starts[first], ends[end - 1], tokens))
            first = self._next_start(cuts, first, end, size, overlap) if overlap and end < self._pieces else end
            covered = end
        return chunks

    def _end(self, cuts: _Cuts, first: int, covered: int, size: int, limit: int) -> int:
        """Where the chunk that begins at piece `first` ends best, its tokens within `limit`; at least one piece on."""
        before = self._before
        furthest = bisect_right(before, limit, first, min(first + size + 2, self._pieces + 1)) - 1
        if furthest >= self._pieces:
            return self._pieces
        after = covered if covered > first else first
        start = before[first]
        for at, fill in cuts.preferred:
            found = at[bisect_right(at, furthest) - 1]
            if after < found <= furthest and before[found] - start >= fill * size:
                return found
        found = cuts.words[bisect_right(cuts.words, furthest) - 1]
        return found if after < found <= furthest else max(furthest, first + 1)

    def _shorten(self, cuts: _Cuts, first: int, covered: int, size: int, end: int) -> tuple[int, int]:
        """Counted on the text itself: the end that fits, and its tokens."""
        tokens = self._count(first, end)
        while tokens > size and end - first > 1:
            end = self._end(cuts, first, covered, size, self._before[end - 1])
            tokens = self._count(first, end)
        return end, tokens

    def _next_start(self, cuts: _Cuts, first: int, end: int, size: int, overlap: int) -> int:
        """The piece at which the next chunk begins: back from `end` by at most the overlap."""
        before, glued = self._before, self._glued
        # room for the next piece must be left, or the next chunk would hold nothing new
        reach = max(before[end] - overlap, before[end + 1] - size)
        earliest = bisect_left(before, reach, first + 1, end)
        for at in (cuts.sentences, cuts.words):
            i = bisect_left(at, earliest)
            while i < len(at) and (begin := at[i]) < end:
                if not (glued[begin] or glued[end]) or self._count(begin, end) <= overlap:
                    return begin
                i += 1
        return end

    def _count(self, first: int, end: int) -> int:
        """Tokens of the slice's own text. Whole words are added up; only parts of words are tokenised."""
        low, high = first, end
        while low < end and self._glued[low]:
            low += 1
        while high > low and self._glued[high]:
            high -= 1
        if low >= high or not self.tokenizer.additive:
            return self._count_text(first, end)
        tokens = self._before[high] - self._before[low]
        if first < low:
            tokens += self._count_text(first, low)
        if high < end:
            tokens += self._count_text(high, end)
        return tokens

    def _count_text(self, first: int, end: int) -> int:
        return self.tokenizer.count([self.text[self._starts[first] : self._ends[end - 1]]])[0]


def _cuts(breaks: Breaks) -> _Cuts:
    words, sentences, lines, paragraphs = (
        (np.flatnonzero(breaks >= level).astype(np.int32) + 1).data
        for level in (BREAK_WORD, BREAK_SENTENCE, BREAK_LINE, BREAK_PARAGRAPH)
    )
    return _Cuts(words, sentences, ((paragraphs, 0.5), (lines, 0.5), (sentences, 0.25)))


def _custom_breaks(text: str, text_map: TextMap, settings: ChunkSettings) -> Breaks:
    """Breaks with the person's own paragraph separator or sentence pattern in place of the built-in rules."""
    breaks = text_map.breaks.copy()
    if settings.secondary_chunking_regex:
        breaks[breaks == BREAK_SENTENCE] = BREAK_WORD
        ends = [match.end() for match in re.finditer(settings.secondary_chunking_regex, text) if match.group()]
        _raise(breaks, text_map, ends, BREAK_SENTENCE)
    if settings.paragraph_separator:
        breaks[breaks == BREAK_PARAGRAPH] = BREAK_LINE
        separator = re.escape(settings.paragraph_separator)
        _raise(breaks, text_map, [match.end() for match in re.finditer(separator, text)], BREAK_PARAGRAPH)
    return breaks


def _raise(breaks: Breaks, text_map: TextMap, ends: list[int], level: int) -> None:
    """Lift the break after the last piece that begins before each offset; cuts inside words stay inside."""
    pieces = np.searchsorted(text_map.starts, np.asarray(ends, np.int64)) - 1
    pieces = pieces[pieces >= 0]
    pieces = pieces[breaks[pieces] > BREAK_INNER]
    breaks[pieces] = np.maximum(breaks[pieces], level)
