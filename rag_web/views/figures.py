"""Figures of a search and of a cut in HTML: a sentence first, then its chart as inline SVG. Knows nothing of gradio."""

from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np

from rag_core.overview import ChunkStatistics, Match
from rag_core.types import Hit

from . import cells
from .words import count, esc

_WIDTH, _LEFT, _RIGHT, _TOP, _BASE, _HEIGHT = 400, 14, 386, 30, 90, 108  # of a chart, in its own units
_LEAST_BAR = 1.5  # a bin with a single unit in it is to be seen
_LETTER = 5.2  # width of a letter at 11 px, about
_SIZES = 24  # bars of the chunks' sizes


def section(name: str, head: str, body: str) -> str:
    """A cell of its own below another one."""
    return f'<section class="rs-cell rs-ruled" aria-label="{esc(name)}">{head}{body}</section>'


# ---- is the match real ------------------------------------------------------------------------------------------


def match_cell(number: int, match: Match, hits: Sequence[Hit], units: int, note: str, code: str) -> str:
    """Verdict, histogram and legend of a search; `note` says why its cosines mean little, "" when they mean much."""
    title = "Is the match real?"
    legend = (
        '<div class="rs-legend"><span><i class="rs-sw rs-sw-unit"></i>the text, this question</span>'
        '<span><i class="rs-sw rs-sw-other"></i>unrelated questions</span></div>'
    )
    body = _verdict(match, note) + _cosines(match, hits, units, cut=not note) + legend
    return section(title, cells.head(number, title, "", code), body)


def _verdict(match: Match, note: str) -> str:
    if note:
        return f'<p class="rs-verdict rs-warned">{esc(note)}</p>'
    if not match.unrelated.any():
        return '<p class="rs-verdict">There is no unrelated question to compare with.</p>'
    above = f"{match.best:.2f} is higher than {_share(match.above)} here."
    if match.separates:
        return f'<p class="rs-verdict">{above}</p>'
    return (
        '<p class="rs-verdict rs-warned">The embedder hardly separates this question from unrelated ones.</p>'
        f'<p class="rs-quiet rs-small">Its best cosine is {match.best:.2f}; unrelated questions reach '
        f"{match.cut:.2f}. {above}</p>"
    )


def _share(above: float) -> str:
    """A share of the unrelated pairs, never rounded up."""
    if above >= 1:
        return "<b>every</b> unrelated pair"
    return f"<b>{int(above * 1000) / 10:.1f}\N{NO-BREAK SPACE}%</b> of unrelated pairs"


def passing(share: float) -> str:
    """How many unrelated pairs pass the cut, of the smallest power of ten that still shows one.

    >>> passing(0.031), passing(0.0004), passing(0.0)
    ('3 of 100 unrelated pairs pass', '4 of 10,000 unrelated pairs pass', 'no unrelated pair passes')
    """
    for of in (100, 1000, 10_000):
        if round(share * of) >= 1:
            return f"{round(share * of)} of {of:,} unrelated pairs pass"
    return "fewer than 1 of 10,000 unrelated pairs pass" if share > 0 else "no unrelated pair passes"


class _Axis:
    """Values `low` to `high` along a chart's width."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, value: float) -> float:
        return _LEFT + (value - self.low) / max(self.high - self.low, 1e-9) * (_RIGHT - _LEFT)


def _cosines(match: Match, hits: Sequence[Hit], units: int, cut: bool) -> str:
    ticks = [(hit.rank, hit.dense) for hit in hits if hit.dense is not None]
    marks = [cosine for _, cosine in ticks] + ([match.cut] if cut else [])
    filled = np.flatnonzero(match.related + match.unrelated)
    first, last = (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (0, len(match.related))
    axis = _Axis(min([float(match.edges[first]), *marks]), max([float(match.edges[last]), *marks]))
    scale = (_BASE - _TOP) / max(float(match.related.max()), float(match.unrelated.max()), 1e-9)
    bars = "".join(
        _bar(axis, left, right, share * scale, "rs-above" if cut and (left + right) / 2 >= match.cut else "rs-unit")
        for left, right, share in zip(match.edges, match.edges[1:], match.related, strict=False)
    )
    steps = np.arange(np.ceil(axis.low * 5 - 1e-6), np.floor(axis.high * 5 + 1e-6) + 1) / 5
    drawn = bars + _curve(axis, match, first, last, scale) + _scale((axis(x), f"{x + 0:.1f}") for x in steps)
    drawn += (_cut(axis(match.cut), match) if cut else _text(_LEFT, 12, "raw cosine")) + _ticks(axis, ticks)
    return _svg(_cosines_in_words(match, ticks, units, cut), drawn)


def _cosines_in_words(match: Match, ticks: Sequence[tuple[int, float]], units: int, cut: bool) -> str:
    said = f"Histogram of the raw cosine of {count(units, 'unit')} of text"
    if ticks:
        places = ", ".join(f"{rank} at {cosine:.2f}" for rank, cosine in ticks)
        said += f"; {'passages' if len(ticks) > 1 else 'passage'} {places}"
    return said + (f"; the cut is at {match.cut:.2f}, {passing(match.passing)}" if cut else "")


def _curve(axis: _Axis, match: Match, first: int, last: int, scale: float) -> str:
    """The unrelated questions' share of each bin, as a smooth dashed line through the bins' middles."""
    middles = (match.edges[:-1] + match.edges[1:]) / 2
    points = [(axis(float(middles[i])), _BASE - float(match.unrelated[i]) * scale) for i in range(first, last)]
    if len(points) < 2 or not match.unrelated.any():
        return ""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (next_x, next_y) in zip(points, points[1:], strict=False):
        path += f"Q{x:.1f} {y:.1f} {(x + next_x) / 2:.1f} {(y + next_y) / 2:.1f}"
    return f'<path class="rs-other" d="{path}"/>'


def _cut(x: float, match: Match) -> str:
    """The cut's line with its number and what passes it: beside it in one line, or in two where there is no room."""
    name, passes = f"cut {match.cut:.2f}", passing(match.passing)
    line = f'<line class="rs-cut" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{_BASE}"/>'
    strong, beside = _LETTER * len(name) + 10, _LETTER * len(passes)
    if x + strong + beside < _WIDTH:
        said = _text(x + 5, 12, name, "rs-strong") + _text(x + strong, 12, passes)
    else:
        near, anchor = (x + 5, "start") if x + 5 + beside < _WIDTH else (x - 5, "end")
        said = _text(near, 12, name, "rs-strong", anchor) + _text(near, 25, passes, "", anchor)
        if anchor == "end":
            return line + said + _text(_RIGHT, 12, "raw cosine", "", "end")
    return line + said + (_text(_LEFT, 12, "raw cosine") if x > _LEFT + _LETTER * 12 else "")


def _ticks(axis: _Axis, ticks: Sequence[tuple[int, float]]) -> str:
    """A mark and a rank for every hit; ranks that would stand on each other are lifted, or left out from the fourth."""
    drawn, ends = "", [-9.0, -9.0, -9.0]
    for rank, cosine in sorted(ticks, key=lambda tick: tick[1]):
        x, half = axis(cosine), _LETTER * len(str(rank)) / 2 + 1
        drawn += f'<line class="rs-hittick" x1="{x:.1f}" x2="{x:.1f}" y1="{_BASE - 18}" y2="{_BASE}"/>'
        level = next((i for i, end in enumerate(ends) if x - half > end), None)
        if level is not None:
            ends[level] = x + half
            drawn += _text(x, _BASE - 22 - 11 * level, str(rank), "rs-hitn", "middle")
    return drawn


# ---- chunks -----------------------------------------------------------------------------------------------------


def chunks_cell(number: int, chunks: ChunkStatistics, chunk_size: int, code: str) -> str:
    """The chunks of the present cut in sentences and a histogram of their sizes."""
    title = "Chunks"
    if not chunks.count:
        return ""
    said = f"<b>{count(chunks.count, 'chunk')}</b>, {_sizes_in_words(chunks.tokens)}."
    body = f'<p class="rs-verdict">{said}</p>{_sizes(chunks.tokens, chunk_size)}'
    lines = [_scripts(chunks.scripts), _edges(chunks)]
    body += "".join(f'<p class="rs-fact">{line}</p>' for line in lines if line)
    body += "".join(f'<p class="rs-fact rs-warned">{line}</p>' for line in _warnings(chunks))
    return section(title, cells.head(number, title, "of all documents at this cut", code), body)


def _sizes_in_words(tokens: Sequence[int]) -> str:
    low, high = min(tokens), max(tokens)
    if low == high:
        return count(low, "token") + (" each" if len(tokens) > 1 else "")
    return f"{low:,} to {count(high, 'token')}, half of them at most {round(median(tokens)):,}"


def _scripts(scripts: Sequence[tuple[str, float]]) -> str:
    """What a character costs, by script."""
    if not scripts:
        return ""
    (name, first), *rest = scripts
    if not rest:
        return f"{'Korean' if name == 'Korean' else 'The text'} takes {first:.2f} tokens a character here."
    return f"{esc(name)} takes {first:.2f} tokens a character here; the other text {rest[0][1]:.2f}."


def _edges(chunks: ChunkStatistics) -> str:
    begin, end = chunks.begin_inside, chunks.end_inside
    if not begin and not end:
        return "None begins or ends inside a sentence."
    begins, ends = "begins" if begin <= 1 else "begin", "ends" if end <= 1 else "end"
    return f"{_some(begin).capitalize()} {begins} and {_some(end)} {ends} inside a sentence."


def _some(number: int) -> str:
    return f"{number:,}" if number else "none"


def _warnings(chunks: ChunkStatistics) -> list[str]:
    said = []
    if chunks.too_long:
        are, end = ("is", "its end") if chunks.too_long == 1 else ("are", "their ends")
        many = count(chunks.too_long, "chunk")
        said.append(f"{many} {are} longer than the embedder reads; recipe dense does not see {end}.")
    if chunks.duplicates:
        repeat = "repeats" if chunks.duplicates == 1 else "repeat"
        said.append(f"{count(chunks.duplicates, 'chunk')} {repeat} another word for word.")
    return said


def _sizes(tokens: Sequence[int], chunk_size: int) -> str:
    """How many chunks there are of which size; the axis ends at chunk_size."""
    most = max(chunk_size, *tokens)
    counts, edges = np.histogram(tokens, _SIZES, (0, most))
    axis, top = _Axis(0, most), 8
    scale = (_BASE - 30 - top) / max(int(counts.max()), 1)
    base = _BASE - 30
    bars = "".join(
        _bar(axis, left, right, number * scale, "rs-unit", base)
        for left, right, number in zip(edges, edges[1:], counts, strict=False)
    )
    names = [(axis(0), "0"), (axis(chunk_size / 2), f"{chunk_size // 2:,}"), (axis(chunk_size), f"{chunk_size:,}")]
    drawn = bars + _scale(names, base) + _text((axis(0) + axis(chunk_size / 2)) / 2, base + 17, "tokens", "", "middle")
    said = f"Histogram of the sizes of {count(len(tokens), 'chunk')}: {_sizes_in_words(tokens)}"
    return _svg(f"{said}; chunk_size is {chunk_size:,}", drawn, base + 22)


# ---- parts of a chart -------------------------------------------------------------------------------------------


def _svg(label: str, drawn: str, height: int = _HEIGHT) -> str:
    return f'<svg class="rs-hist" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{esc(label)}">{drawn}</svg>'


def _bar(axis: _Axis, left: float, right: float, height: float, kind: str, base: int = _BASE) -> str:
    if height <= 0:
        return ""
    height, x, width = max(float(height), _LEAST_BAR), axis(float(left)), axis(float(right)) - axis(float(left)) - 1
    return f'<rect class="{kind}" x="{x:.1f}" y="{base - height:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _scale(names: Iterable[tuple[float, str]], base: int = _BASE) -> str:
    drawn = f'<line class="rs-ax" x1="{_LEFT}" x2="{_RIGHT}" y1="{base + 0.5}" y2="{base + 0.5}"/>'
    for x, name in names:
        drawn += f'<line class="rs-ax" x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + 4}"/>'
        drawn += _text(x, base + 17, name, "", "middle")
    return drawn


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    kind = f' class="{kind}"' if kind else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{esc(text)}</text>'
