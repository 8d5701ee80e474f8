"""The film strip in HTML: the searches that were kept, each as a barcode of the index, and the page's address.

Knows nothing of gradio.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from rag_core.types import Run

from . import cells
from .words import clip, count, esc, lang, took

KNOBS = ("chunk_size", "chunk_overlap", "top_k", "weight", "mode")  # what a card brings back, besides the question
NOTE = "click one to go back, sliders included"
_BARS = 56
_STEP = 3  # units of the drawing from bar to bar
_LONGEST = 1000  # characters of a question that still goes into an address


def film(runs: Sequence[Run], current: Run | None, address: str) -> str:
    """The cards, newest first, with the first that equals `current` marked. `address` is what a link would say."""
    here = next((i for i, run in enumerate(runs) if current is not None and same(run, current)), -1)
    cards = "".join(_card(run, i == here) for i, run in enumerate(runs))
    strip = f'<ol class="rs-film" aria-label="Searches, newest first">{cards}</ol>' if cards else _none()
    return f'<div data-address="{esc(address)}">{strip}</div>'


def _none() -> str:
    return cells.empty("", "Every search is kept here, so that you can go back to it.")


def same(run: Run, other: Run) -> bool:
    """Whether two searches asked the same at the same settings."""
    return run.query == other.query and dict(run.settings) == dict(other.settings)


def address(index: str, query: str, settings: Mapping[str, Any]) -> str:
    """The page's address at these settings: "?index=…&chunk_size=…&q=…". A very long question is left out."""
    named = {"index": index, **{knob: settings[knob] for knob in KNOBS}}
    if query and len(query) <= _LONGEST:
        named["q"] = query
    return "?" + urlencode(named)


def _card(run: Run, now: bool) -> str:
    settings = run.settings
    size, top_k, mode = settings["chunk_size"], settings["top_k"], settings["mode"]
    said = (
        f"Go back to “{clip(run.query, 120)}”: {mode}, chunk_size {size}, chunk_overlap {settings['chunk_overlap']}, "
        f"top_k {top_k}, weight {settings['weight']:.2f}. "
        f"{count(len(run.places), 'passage')}, {count(run.tokens, 'token')}."
    )
    data = {"q": run.query, "at": run.at, **{knob: settings[knob] for knob in KNOBS}}
    fields = "".join(f' data-{name}="{esc(value)}"' for name, value in data.items())
    current = ' aria-current="true"' if now else ""
    return (
        f'<li><button type="button" class="rs-frame{" rs-now" if now else ""}" data-act="again"{fields}{current} '
        f'aria-label="{esc(said)}" title="{esc(said)}">{_barcode(run)}'
        f'<span class="rs-q"{lang(run.query)}>{esc(clip(run.query, 120))}</span>'
        f'<span class="rs-m"><span>{esc(mode)} {size}, {top_k}</span><span>{took(run.seconds)}</span></span>'
        "</button></li>"
    )


def _barcode(run: Run) -> str:
    """The whole index from left to right; long accent bars where the hits lay, the best one longest."""
    best = {bar: rank for rank, bar in sorted(((rank, _bar(at)) for rank, at in run.places), reverse=True)}
    rest = "".join(f"M{i * _STEP} 3h2v10h-2z" for i in range(_BARS) if i not in best)
    tall = {1: (0, 16)}  # the best hit's bar; the others' are a little shorter
    edges = [(bar, *tall.get(rank, (2, 14))) for bar, rank in best.items()]
    hits = "".join(f"M{bar * _STEP} {top}h2V{bottom}h-2z" for bar, top, bottom in edges)
    return (
        f'<svg viewBox="0 0 {_BARS * _STEP - 1} 16" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="rs-mm0" d="{rest}"/><path class="rs-mm2" d="{hits}"/></svg>'
    )


def _bar(at: float) -> int:
    return min(_BARS - 1, int(at * _BARS))
