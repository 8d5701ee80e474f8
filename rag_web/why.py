"""The panel that says why selected text was not found, with changes of one setting that bring it in.

Knows the Workbench and gradio, no tab.
"""

from typing import Any

from rag_core import Workbench
from rag_core.errors import RagError

from .views import codes, why
from .widgets import Now, Updates, html

# The panel takes the focus when it opens and gives it back to the text when it closes.
_FOCUS = """
let opened = false;
watch('value', () => {
  const panel = element.querySelector('.rs-why');
  if (panel) { panel.focus({ preventScroll: true }); panel.scrollIntoView({ block: 'nearest' }); }
  else if (opened && document.activeElement === document.body) {
    document.querySelector('.rs-sheet').focus({ preventScroll: true });
  }
  opened = Boolean(panel);
});
"""


class WhyPanel:
    """One component, empty while nobody asks."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self.panel = html(acts=("close", "bring_in", "pick"), js=_FOCUS, elem_id="why")

    @property
    def outputs(self) -> list[Any]:
        """What the methods below change."""
        return [self.panel]

    def close(self) -> Updates:
        """Nobody asks any more."""
        return {self.panel: ""}

    def explain(self, now: Now, document: str, start: int, end: int, held_back: bool) -> Updates:
        """Why `start … end` of a document (code points) is not among the hits of the search on the page."""
        ranking = now.session.ranking
        if ranking is None or now.session.index != now.index:
            return self.close()
        ranking = ranking.cut_at(now.top_k)
        try:
            found = self._bench.why_not(now.index, ranking, document, start, end)
        except RagError as error:
            return {self.panel: why.failed(str(error))}
        sentence = ranking.corpus.state.document(document).text[slice(*found.anchor)]
        place = codes.Place(self._bench.indices, self._bench.models_folder, now.index)
        code = codes.why(place, ranking.query, ranking.settings, document, (start, end))
        return {self.panel: why.panel(found, ranking, sentence, held_back, code)}
