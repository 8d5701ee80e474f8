"""The map of an index in HTML: all units on a plane, the question among them. Knows nothing of gradio."""

from collections.abc import Sequence

from rag_core.overview import Projection
from rag_core.types import Hit

from . import cells
from .figures import section
from .words import clip, count, esc, lang

MOST = 1000  # points drawn; of more, every second, third, …
_TITLE, _WIDTH, _HEIGHT, _EDGE = "Map", 400, 260, 14
# the documents of the best passages by shape, so that no colour has to be told from another
_SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-3.5-3.5h7v7h-7z",
    "M0-4.5L4.5 3.5H-4.5z",
    "M0-5L4.2 0L0 5L-4.2 0z",
    "M-4.5-1.3h3.2v-3.2h2.6v3.2h3.2v2.6h-3.2v3.2h-2.6v-3.2h-3.2z",
)
_DOT = "M-1.8 0a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0-3.6 0z"


def offer(number: int) -> str:
    """The cell before it is drawn."""
    say = f"{cells.link('Draw the map', 'draw')} of everything in this index: what is alike lies close."
    return section(_TITLE, cells.head(number, _TITLE), f'<p class="rs-fact">{say}</p>')


def cell(number: int, plane: Projection, hits: Sequence[Hit], code: str) -> str:
    """The map; documents of the first `hits` have shapes of their own. A click on a point raises "open"."""
    if not len(plane.points):
        return ""
    named = list(dict.fromkeys(hit.document for hit in hits))[: len(_SHAPES)]
    step = -(-len(plane.points) // MOST)
    some = f", one of {step} drawn" if step > 1 else ""
    note = f"{count(len(plane.points), 'unit')} of text{some}; click one to read it"
    body = _drawn(plane, named, step) + _legend(named)
    return section(_TITLE, cells.head(number, _TITLE, note, code), body)


def _drawn(plane: Projection, named: Sequence[str], step: int) -> str:
    spots = [*plane.points.tolist(), *([] if plane.question is None else [plane.question.tolist()])]
    low = [min(spot[axis] for spot in spots) for axis in (0, 1)]
    high = [max(spot[axis] for spot in spots) for axis in (0, 1)]
    # one scale for both axes: distances on the map are to be compared
    room = zip((_WIDTH, _HEIGHT), low, high, strict=True)
    scale = min((size - 2 * _EDGE) / max(top - bottom, 1e-9) for size, bottom, top in room)

    def place(spot: Sequence[float]) -> tuple[float, float]:
        x, y = ((value - (bottom + top) / 2) * scale for value, bottom, top in zip(spot, low, high, strict=True))
        return _WIDTH / 2 + x, _HEIGHT / 2 - y

    shaped = {name: shape for name, shape in zip(named, _SHAPES, strict=False)}
    shown = sorted(range(0, len(plane.points), step), key=lambda i: plane.documents[i] in shaped)  # shapes on top
    marks = "".join(_mark(plane, i, place(plane.points[i].tolist()), shaped.get(plane.documents[i])) for i in shown)
    if plane.question is not None:
        marks += _question(*place(plane.question.tolist()))
    label = f"Map of {count(len(plane.points), 'unit')} of text in {count(len(set(plane.documents)), 'document')}"
    label += ", the question among them" if plane.question is not None else ""
    return (
        f'<svg class="rs-hist rs-plane" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{marks}</svg>'
    )


def _mark(plane: Projection, i: int, spot: tuple[float, float], shape: str | None) -> str:
    kind = "rs-dot" if shape is None else "rs-shape"
    return (
        f'<path class="{kind}" d="{shape or _DOT}" transform="translate({spot[0]:.1f} {spot[1]:.1f})" '
        f'data-act="open" data-document="{esc(plane.documents[i])}" data-start="{int(plane.starts[i])}"/>'
    )


def _question(x: float, y: float) -> str:
    near, anchor = (x + 10, "start") if x < _WIDTH - 70 else (x - 10, "end")
    return (
        f'<circle class="rs-asking" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'
        f'<text class="rs-strong" x="{near:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">question</text>'
    )


def _legend(named: Sequence[str]) -> str:
    shapes = "".join(
        f"<span{lang(name)}>{_key('rs-shape', shape)}{esc(clip(name, 40))}</span>"
        for name, shape in zip(named, _SHAPES, strict=False)
    )
    others = f"<span>{_key('rs-dot', _DOT)}{'other documents' if named else 'text'}</span>"
    return f'<div class="rs-legend">{shapes}{others}</div>'


def _key(kind: str, shape: str) -> str:
    return f'<svg class="rs-key" viewBox="-6 -6 12 12" aria-hidden="true"><path class="{kind}" d="{shape}"/></svg>'
