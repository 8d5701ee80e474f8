"""Document text → TextMap: what every stretch of a text costs in tokens and where it may be cut, found once.

A tokenizer of the kinds embedders use counts a text as the sum over its white-space words, so each *distinct* word is
tokenised once per process and a document becomes a gather over numpy arrays. Knows nothing of chunk sizes, files or
vectors.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import regex

from .numbering import Numbering
from .outline import Heading
from .protocols import Tokenizer
from .sentences import CJK_ENDERS, CLOSERS, continues_sentence, ends_sentence
from .settings import CHUNK_SIZE
from .types import BREAK_INNER, BREAK_LINE, BREAK_PARAGRAPH, BREAK_SENTENCE, BREAK_WORD, TextMap

# Control characters that Python takes for white space and tokenizers delete, joining what stands around them: here
# they are part of a word.
_CONTROLS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"
_SPACES = np.array([chr(code).isspace() and chr(code) not in _CONTROLS for code in range(0x3001)] + [False])
_GRAPHEME = regex.compile(r"\X")
# Scripts written without spaces: every character may begin a word.
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_WHOLE_WORD_TOKENS = int(CHUNK_SIZE.low)  # no chunk is smaller, so a word of so many tokens is never cut
_MOST_WORDS = 1_000_000  # distinct words remembered; about 200 MB
_BLOCK = 100  # words tokenised as one text

Fragment = tuple[int, int, int, int]  # start and end within the word, tokens, break after it


class TextMapper:
    """Makes text maps for one tokenizer and remembers its words. Safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._lock = threading.Lock()
        self._forget()

    def map(self, text: str, headings: Sequence[Heading] = ()) -> TextMap:
        """The map of a text; empty arrays (and `tokens` of one zero) for a text without words.

        `headings` begin sections: (level, start, end) of each heading line, in order.
        """
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        starts, ends = _word_edges(codes)
        with self._lock:
            if len(self._words) > _MOST_WORDS:
                self._forget()
            words = _words(text, starts, ends)
            numbers = np.fromiter(map(self._words.__getitem__, words), np.int64, len(words))
            self._learn()
            text_map = self._assemble(numbers, starts, ends, _gap_breaks(codes, starts, ends))
        return _with_sections(text_map, headings)

    def _forget(self) -> None:
        self._words = Numbering()
        self._first = np.zeros(0, np.int64)  # per word: its first row in the fragment table, and how many
        self._many = np.zeros(0, np.int64)
        self._ends_sentence = np.zeros(0, bool)
        self._continues = np.zeros(0, bool)
        self._fragments = np.zeros((0, 4), np.int32)

    def _learn(self) -> None:
        """Tokenise and judge the words seen for the first time."""
        fresh = self._words.fresh
        if not fresh:
            return
        fragments = _fragments(fresh, self.tokenizer)
        many = np.fromiter(map(len, fragments), np.int64, len(fresh))
        first = len(self._fragments) + np.cumsum(many) - many
        rows = np.array([row for word in fragments for row in word], np.int32).reshape(-1, 4)
        self._many = np.concatenate([self._many, many])
        self._first = np.concatenate([self._first, first])
        self._fragments = np.concatenate([self._fragments, rows])
        self._ends_sentence = np.concatenate([self._ends_sentence, np.fromiter(map(ends_sentence, fresh), bool)])
        self._continues = np.concatenate([self._continues, np.fromiter(map(continues_sentence, fresh), bool)])
        self._words.fresh = []

    def _assemble(
        self,
        numbers: npt.NDArray[np.int64],
        starts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        gaps: npt.NDArray[np.uint8],
    ) -> TextMap:
        sentence_end = self._ends_sentence[numbers]
        sentence_end[:-1] &= ~self._continues[numbers[1:]]
        breaks = np.maximum(gaps, np.where(sentence_end, BREAK_SENTENCE, BREAK_WORD).astype(np.uint8))
        many = self._many[numbers]
        last = np.cumsum(many) - 1
        within = np.arange(int(many.sum())) - np.repeat(last + 1 - many, many)
        rows = self._fragments[np.repeat(self._first[numbers], many) + within]
        offset = np.repeat(starts, many)
        piece_breaks = rows[:, 3].astype(np.uint8)
        piece_breaks[last] = breaks
        return TextMap(
            starts=(offset + rows[:, 0]).astype(np.int32),
            ends=(offset + rows[:, 1]).astype(np.int32),
            tokens=np.concatenate([[0], np.cumsum(rows[:, 2])]).astype(np.int32),
            breaks=piece_breaks,
            sections=np.zeros((0, 4), np.int32),
        )


def _with_sections(text_map: TextMap, headings: Sequence[Heading]) -> TextMap:
    """The map with a section from each heading on; a heading is a line of its own after the end of a paragraph."""
    sections = [(0, 0, 0, 0)]
    breaks = text_map.breaks.copy()
    for level, start, end in headings:
        first, after = np.searchsorted(text_map.starts, (start, end))
        if first == after:
            continue
        if first:
            breaks[first - 1] = BREAK_PARAGRAPH
        breaks[after - 1] = max(breaks[after - 1], BREAK_LINE)
        if first == sections[-1][0]:
            sections.pop()
        sections.append((int(first), level, start, end))
    return replace(text_map, breaks=breaks, sections=np.array(sections, np.int32))


def _words(text: str, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> list[str]:
    if any(control in text for control in _CONTROLS):
        return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return text.split()  # the same words, much faster


def _word_edges(codes: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    solid = np.zeros(len(codes) + 2, np.int8)
    solid[1:-1] = ~_SPACES[np.minimum(codes, len(_SPACES) - 1)]
    steps = np.diff(solid)
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def _gap_breaks(
    codes: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """How strongly the white space after each word breaks: a new line, or a blank one, or the end of the text."""
    lines = (codes == 0x0A).astype(np.int32)
    lines += codes == 0x2028
    lines[:-1] += (codes[:-1] == 0x0D) & (codes[1:] != 0x0A)  # a lone carriage return is a line end, too
    lines += 2 * (codes == 0x2029)
    before = np.concatenate([[0], np.cumsum(lines)])
    following = np.append(starts[1:], len(codes))
    gap = before[following] - before[ends]
    if len(gap):
        gap[-1] = 2
    return np.where(gap >= 2, BREAK_PARAGRAPH, np.where(gap == 1, BREAK_LINE, 0)).astype(np.uint8)


def _fragments(words: Sequence[str], tokenizer: Tokenizer) -> list[list[Fragment]]:
    """The pieces of each word: one, unless it is long or holds sentences or words without spaces between."""
    fragments: list[list[Fragment]] = []
    for word, begin, tokens in _tokens(words, tokenizer):
        count = len(tokens)
        if count > _WHOLE_WORD_TOKENS or (count > 1 and not word.isascii() and _UNSPACED.search(word)):
            fragments.append(_divide(word, [(start - begin, end - begin) for start, end in tokens]))
        else:
            fragments.append([(0, len(word), count, BREAK_WORD)])
    return fragments


def _tokens(words: Sequence[str], tokenizer: Tokenizer) -> Iterator[tuple[str, int, list[tuple[int, int]]]]:
    """Each word, where it begins in the text its token offsets count in, and those offsets.

    A tokenizer that is additive over words reads many at once, a line each: three times as fast as one by one.
    """
    if not tokenizer.additive:
        for word, offsets in zip(words, tokenizer.offsets(words), strict=True):
            yield word, 0, offsets
        return
    blocks = [words[at : at + _BLOCK] for at in range(0, len(words), _BLOCK)]
    for block, offsets in zip(blocks, tokenizer.offsets(["\n".join(block) for block in blocks]), strict=True):
        starts = [start for start, _ in offsets]
        begin = first = 0
        for word in block:
            end = begin + len(word)
            last = bisect_left(starts, end, first)
            yield word, begin, offsets[first:last]
            begin, first = end + 1, last


def _divide(word: str, tokens: list[tuple[int, int]]) -> list[Fragment]:
    """Cut a word between tokens, never inside a grapheme: a cut stands where both have an edge."""
    starts = sorted({start for start, _ in tokens} | {0})
    if len(starts) == len(tokens) and word.isascii():  # each token is a piece
        ends = [*starts[1:], len(word)]
        last = len(starts) - 1
        return [
            (a, b, 1, BREAK_WORD if i == last else BREAK_INNER)
            for i, (a, b) in enumerate(zip(starts, ends, strict=True))
        ]
    inside = {at for start, end in tokens if end - start > 1 for at in range(start + 1, end)}
    edges = (match.start() for match in _GRAPHEME.finditer(word))
    token_starts = sorted(start for start, _ in tokens)
    fragments: list[Fragment] = []
    begin = used = 0
    for end in [*(at for at in edges if at and at not in inside), len(word)]:
        upto = len(token_starts) if end == len(word) else bisect_left(token_starts, end)
        if upto == used and fragments:  # characters the tokenizer drops stay with the piece before them
            begin_before, _, count, _ = fragments[-1]
            fragments[-1] = (begin_before, end, count, _break_within(word, end))
        elif upto > used or end == len(word):
            fragments.append((begin, end, upto - used, _break_within(word, end)))
        else:
            continue
        begin, used = end, upto
    return fragments


def _break_within(word: str, at: int) -> int:
    if at == len(word):
        return BREAK_WORD
    before, after = word[at - 1], word[at]
    if after not in CLOSERS and after not in CJK_ENDERS and word[:at].rstrip(CLOSERS).endswith(tuple(CJK_ENDERS)):
        return BREAK_SENTENCE
    if _UNSPACED.match(after) and (not before.isalnum() or _UNSPACED.match(before)):
        return BREAK_WORD
    return BREAK_INNER
