"""Small gradio helpers that the sidebar and the tabs share: HTML that acts, the page's settings at one event.

Knows nothing of any one tab.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from rag_core.corpora import UNREAD_WEIGHT
from rag_core.searching import Ranking
from rag_core.settings import MODES, WEIGHT, ChunkSettings, SearchSettings

from .notices import told
from .session import Session

_KNOBS = 7  # the session and the sidebar's six
FOLDER = Path(__file__).parent
Updates = dict[Any, Any]  # component → its new value or gr.update

# A click on anything with data-act becomes an event of that name, with the element's data as fields. A <details> that
# is open stays open when its cell is written anew.
_ACTS = """
const acts = [%s];
element.addEventListener('click', (e) => {
  const b = e.target.closest('[data-act]');
  if (b && acts.includes(b.dataset.act)) { e.preventDefault(); trigger(b.dataset.act, { ...b.dataset }); }
});
const open = new Set();
element.addEventListener('toggle', (e) => {
  const key = e.target.className;
  if (e.target.open) open.add(key); else open.delete(key);
}, true);
watch('value', () => element.querySelectorAll('details').forEach((d) => { d.open = open.has(d.className); }));
"""


@dataclass(frozen=True, slots=True)
class Now:
    """The visitor and the settings an event finds."""

    session: Session
    index: str  # "" when there is none
    chunk_size: int
    chunk_overlap: int
    top_k: int
    weight: float = WEIGHT.default
    mode: str = MODES[0]

    @property
    def chunking(self) -> ChunkSettings:
        """What the two sliders say. SettingError when they contradict each other."""
        return ChunkSettings(self.chunk_size, self.chunk_overlap)

    @property
    def shown(self) -> ChunkSettings:
        """The cut that is on the page: while the sliders contradict each other, the last that was valid."""
        return self.session.chunking or self.chunking

    def wanted(self, top_k: int) -> SearchSettings:
        """A search at the present settings, `top_k` deep."""
        cut = self.shown
        return SearchSettings(
            top_k, self.mode, chunk_size=cut.chunk_size, chunk_overlap=cut.chunk_overlap, weight=self.weight
        )

    def fits(self, ranking: Ranking) -> bool:
        """Whether a ranking was made at the present settings; where it has a note, at a lowered weight."""
        wanted = self.wanted(ranking.settings.top_k)
        if ranking.note:
            wanted = replace(wanted, weight=min(wanted.weight, UNREAD_WEIGHT))
        return ranking.settings == wanted


def html(value: str = "", *, acts: tuple[str, ...] = (), js: str = "", classes: str = "", elem_id: str = "") -> gr.HTML:
    """A gr.HTML whose buttons with data-act raise events of the names in `acts`."""
    return gr.HTML(
        value,
        js_on_load=_ACTS % ", ".join(f"'{act}'" for act in acts) + js,
        apply_default_css=False,
        elem_classes=["rs-html", *classes.split()],
        elem_id=elem_id or None,
    )


def script(name: str) -> str:
    """The text of a file beside this module."""
    return (FOLDER / name).read_text(encoding="utf-8")


def handler(answer: Callable[..., Any], outputs: Sequence[Any], with_event: bool = False) -> Callable[..., Any]:
    """A gradio handler of (session, *knobs, *inputs) from `answer(now, *inputs)`.

    `answer` returns Updates or yields them. Where it says nothing, nothing changes: gradio would empty every output.
    `with_event`: the last argument is the event's data as a dict.
    """
    nothing: Updates = {outputs[0]: gr.skip()}

    @functools.wraps(answer)
    def stream(*inputs: Any) -> Iterator[Updates]:
        silent = True
        for updates in answer(_now(*inputs[:_KNOBS]), *inputs[_KNOBS:]):
            silent = False
            yield updates or nothing
        if silent:
            yield nothing

    @functools.wraps(answer)
    def call(*inputs: Any) -> Updates:
        return answer(_now(*inputs[:_KNOBS]), *inputs[_KNOBS:]) or nothing

    safe = told(stream if inspect.isgeneratorfunction(answer) else call)
    if not with_event:
        return _plain(safe)

    # gradio counts the arguments, so each knob is named
    def stream_event(
        session: Session, index: Any, size: Any, overlap: Any, top_k: Any, weight: Any, mode: Any, event: gr.EventData
    ) -> Any:
        yield from safe(session, index, size, overlap, top_k, weight, mode, event._data or {})

    def call_event(
        session: Session, index: Any, size: Any, overlap: Any, top_k: Any, weight: Any, mode: Any, event: gr.EventData
    ) -> Any:
        return safe(session, index, size, overlap, top_k, weight, mode, event._data or {})

    return stream_event if inspect.isgeneratorfunction(answer) else call_event


def _plain(safe: Callable[..., Any]) -> Callable[..., Any]:
    # gradio reads a handler's signature through __wrapped__ and would miss the arguments that became `now`
    def stream(*inputs: Any) -> Iterator[Updates]:
        yield from safe(*inputs)

    def call(*inputs: Any) -> Any:
        return safe(*inputs)

    return stream if inspect.isgeneratorfunction(safe) else call


def _now(
    session: Session, index: str | None, size: float, overlap: float, top_k: float, weight: float, mode: str
) -> Now:
    return Now(session, index or "", int(size), int(overlap), int(top_k), float(weight), mode)
