"""Answers without a model: the sentences of the passages that best match the question, word for word.

Sentences are split with the rules the chunker uses, scored by the words they share with the question (rare words
count more; Hangul and other scripts without spaces by pairs of syllables), and quoted in the order of the passages.
Knows nothing of models or prompts.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..sentences import CJK_ENDERS, CLOSERS, continues_sentence, ends_sentence
from ..types import Citation, Hit

_WORD = re.compile(r"\S+")
_TERM = re.compile(r"[^\W_]+")
_PAIRED = re.compile(r"[가-힣\u3040-\u30ff\u3400-\u9fff]+")
_INNER_END = re.compile(rf"[{CJK_ENDERS}][{re.escape(CLOSERS)}]*")
_SUFFIX = re.compile(r"(?<=[a-z]{3})(?:es|ed|ing|ly|e|s)$")
_STOP_WORDS = (
    "a an and are as at be by can do does did for from has have how i in is it its me of on or that the their there "
    "this to was were what when where which who whose why will with you your"
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: int
    start: int  # within the passage's text
    end: int
    score: float = 0.0


def quote(question: str, hits: Sequence[Hit], max_sentences: int = 3) -> tuple[str, tuple[Citation, ...]]:
    """At most `max_sentences` sentences with [n] marks, and where in the documents they stand.

    ("", ()) without hits. Where no sentence shares a word with the question, the first one of the best passage.
    """
    sentences = [
        _Sentence(number, start, end) for number, hit in enumerate(hits, 1) for start, end in split_sentences(hit.text)
    ]
    if not sentences:
        return "", ()
    chosen = _choose(question, hits, sentences, max_sentences)
    citations = tuple(_citation(hits[sentence.passage - 1], sentence) for sentence in chosen)
    return "\n\n".join(f"{citation.text} [{citation.passage}]" for citation in citations), citations


def split_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every sentence or line, white space around it left out."""
    for line in re.finditer(r"[^\r\n]+", text):
        words = list(_WORD.finditer(line[0]))
        begin = line.start()
        for at, word in enumerate(words):
            last = at + 1 == len(words)
            following = "" if last else words[at + 1][0]
            inner = [word.start() + end for end in _inner_ends(word[0])]
            if last or (ends_sentence(word[0]) and not continues_sentence(following)):
                inner.append(word.end())
            for end in inner:
                yield from _trimmed(text, begin, line.start() + end)
                begin = line.start() + end


def terms(text: str) -> list[str]:
    """What two texts are compared by: words without their ending, pairs of syllables where no spaces are written."""
    found: list[str] = []
    for term in _TERM.findall(text.lower()):
        rest = _PAIRED.sub(" ", term).split()
        found += [_SUFFIX.sub("", word) for word in rest]
        for run in _PAIRED.findall(term):
            found += [run[at : at + 2] for at in range(len(run) - 1)] or [run]
    return found


def _choose(question: str, hits: Sequence[Hit], sentences: list[_Sentence], most: int) -> list[_Sentence]:
    asked = set(terms(question)) - set(_STOP_WORDS.split())
    words = [set(terms(hits[s.passage - 1].text[s.start : s.end])) for s in sentences]
    known = Counter(term for found in words for term in found)
    rarity = {term: math.log(1 + len(sentences) / known[term]) for term in asked if term in known}
    scored = [
        _Sentence(s.passage, s.start, s.end, sum(rarity[term] for term in found & rarity.keys()))
        for s, found in zip(sentences, words, strict=True)
    ]
    best = sorted(scored, key=lambda s: (-s.score, s.passage, s.start))
    enough = best[0].score / 2  # a sentence that says half as much of the question is not worth its place
    chosen: list[_Sentence] = []
    seen: set[str] = set()
    for sentence in best:
        text = hits[sentence.passage - 1].text[sentence.start : sentence.end]
        if len(chosen) < most and text not in seen and (sentence.score >= enough > 0 or not chosen):
            chosen.append(sentence)
            seen.add(text)
    return sorted(chosen, key=lambda s: (s.passage, s.start))


def _citation(hit: Hit, sentence: _Sentence) -> Citation:
    start, end = hit.start + sentence.start, hit.start + sentence.end
    return Citation(sentence.passage, hit.document, start, end, hit.text[sentence.start : sentence.end])


def _inner_ends(word: str) -> list[int]:
    """Sentence ends inside a stretch without spaces."""
    return [found.end() for found in _INNER_END.finditer(word) if found.end() < len(word)]


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    stripped = text[start:end].strip()
    if stripped:
        begin = start + text[start:end].index(stripped)
        yield begin, begin + len(stripped)
