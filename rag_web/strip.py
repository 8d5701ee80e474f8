"""The film strip below the text: every search is kept in its index, and a click goes back to it.

Carries the page's address as well, since that says the same. Knows the Workbench and gradio, no tab.
"""

from dataclasses import asdict
from typing import Any

import gradio as gr

from rag_core import Workbench
from rag_core.errors import RagError
from rag_core.overview import run_of
from rag_core.types import Run

from .views import cells, codes, runs
from .widgets import Now, Updates, html

_NUMBER = 7  # the cells of the figures are 4 to 6

# The address follows, other people's fields in it untouched. The strip is written anew each time: it stays where it was
# scrolled to unless there is a new first card, and whoever pressed a card by key stays on it.
_FOLLOW = """
let left = 0, newest = '', pressed = '';
element.addEventListener('scroll', (e) => { if (e.target.matches('.rs-film')) left = e.target.scrollLeft; }, true);
element.addEventListener('click', (e) => { pressed = e.target.closest('.rs-frame')?.dataset.at ?? ''; });
watch('value', () => {
  const wanted = element.querySelector('[data-address]')?.dataset.address;
  if (wanted) {
    const fields = new URLSearchParams(location.search);
    for (const name of ['index', 'chunk_size', 'chunk_overlap', 'top_k', 'weight', 'mode', 'q']) fields.delete(name);
    for (const [name, value] of new URLSearchParams(wanted)) fields.set(name, value);
    history.replaceState(history.state, '', `?${fields}${location.hash}`);
  }
  const film = element.querySelector('.rs-film'), first = film?.querySelector('.rs-frame')?.dataset.at ?? '';
  if (film && first === newest) film.scrollLeft = left;
  newest = first;
  const card = pressed && element.querySelector(`[data-at="${pressed}"]`);
  if (card && document.activeElement === document.body) card.focus({ preventScroll: true });
});
"""


class RunStrip:
    """Components and what they show."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        with gr.Column(elem_classes="rs-cell rs-runcell", scale=1, min_width=0):
            self.head = html()
            self.film = html(acts=("again",), js=_FOLLOW, elem_id="runs")

    @property
    def outputs(self) -> list[Any]:
        """What the methods below change."""
        return [self.head, self.film]

    def keep(self, now: Now, unless_any: bool = False) -> Updates:
        """Record the search that is on the page, unless it is the newest already; then the strip.

        `unless_any`: only into an empty strip, for a search that the page made by itself.
        """
        current = self._current(now)
        try:
            kept = self._bench.runs(now.index) if current else []
            known = bool(kept) and (unless_any or (current is not None and runs.same(kept[0], current)))
            if current and now.session.ranking and not known:
                self._bench.record(now.index, now.session.ranking.cut_at(now.top_k))
        except RagError as error:
            return {self.head: cells.head(_NUMBER, "Runs"), self.film: cells.error(str(error))}
        return self.show(now)

    def show(self, now: Now) -> Updates:
        """The strip, with the search that is on the page marked in it."""
        if not now.index:
            return {self.head: cells.head(_NUMBER, "Runs"), self.film: runs.film([], None, "")}
        try:
            kept = self._bench.runs(now.index)
        except RagError as error:
            return {self.head: cells.head(_NUMBER, "Runs"), self.film: cells.error(str(error))}
        place = codes.Place(self._bench.indices, self._bench.models_folder, now.index)
        asked = now.session.ranking.query if now.session.ranking and now.session.index == now.index else ""
        address = runs.address(now.index, asked, asdict(now.wanted(now.top_k)))
        note, code = (runs.NOTE, codes.runs(place)) if kept else ("", "")
        return {
            self.head: cells.head(_NUMBER, "Runs", note, code),
            self.film: runs.film(kept, self._current(now), address),
        }

    @staticmethod
    def _current(now: Now) -> Run | None:
        """The search on the page; None while the settings have moved on from it."""
        ranking = now.session.ranking
        if ranking is None or now.session.index != now.index or not now.fits(ranking):
            return None
        return run_of(ranking.cut_at(now.top_k))
