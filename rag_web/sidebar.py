"""The settings at the left: the index, the three sliders, what differs from the index's default.

Knows the Workbench and gradio, no tab.
"""

import re
from collections.abc import Mapping
from typing import Any

import gradio as gr

from rag_core import Workbench
from rag_core.errors import IndexMissing, RagError, SettingError
from rag_core.settings import CHUNK_OVERLAP, CHUNK_SIZE, MODES, TOP_K, WEIGHT, ChunkSettings, Range

from .views import cells, frame
from .widgets import Now, Updates, html

# `input` fires for every pixel of a drag; what is slow waits until the hand rests.
_SETTLED = """
let rest = 0;
document.addEventListener('input', (e) => {
  if (!e.target.closest('#chunk_size, #chunk_overlap, #top_k, #weight')) return;
  clearTimeout(rest);
  rest = setTimeout(() => trigger('settled'), 450);
});
"""


class Sidebar:
    """Index and knobs. `knobs` are the inputs that almost every event takes, in this order."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        with gr.Sidebar(width=256, elem_id="side"):
            self.index = gr.Dropdown(label="Index", choices=[], elem_id="index", interactive=True)
            self.hint = html(frame.hint(None), classes="rs-hintbox")
            self.chunk_size = _slider(CHUNK_SIZE)
            self.chunk_overlap = _slider(CHUNK_OVERLAP)
            self.top_k = _slider(TOP_K)
            self.weight = _slider(WEIGHT)
            with gr.Column(elem_classes="rs-modebox", min_width=0):
                self.mode = gr.Radio(
                    list(MODES), value=MODES[0], label="Recipe", elem_id="mode", elem_classes="rs-modes", buttons=[]
                )
                self.recipe = html(frame.recipe(MODES[0]), classes="rs-hintbox")
            self.say = html(acts=("fix", "settled"), js=_SETTLED, classes="rs-knobsay", elem_id="knobsay")
            with gr.Column(elem_classes="rs-foot", visible=False) as self.foot:
                self.changed = html()
                with gr.Row(elem_classes="rs-row"):
                    self.make_default = gr.Button("Make default", size="sm", elem_id="make_default", min_width=0)
                    self.put_back = gr.Button(
                        "Put back", size="sm", elem_classes="rs-linkbtn", elem_id="put_back", min_width=0
                    )
            gr.HTML(
                '<button type="button" class="rs-btn rs-done-btn" data-settings="close">Done</button>',
                elem_classes="rs-html",
            )

    @property
    def knobs(self) -> list[gr.components.Component]:
        """Inputs: index, chunk_size, chunk_overlap, top_k, weight, mode."""
        return [self.index, self.chunk_size, self.chunk_overlap, self.top_k, self.weight, self.mode]

    @property
    def outputs(self) -> list[Any]:
        """What the methods below change."""
        return [*self.knobs, self.recipe, self.hint, self.say, self.changed, self.foot]

    def choose(self, name: str = "") -> Updates:
        """Offer the indices there are, with `name` (else the first) chosen and its default settings put in."""
        names = [info.name for info in self._bench.list()]
        chosen = name if name in names else (names[0] if names else None)
        default = self._bench.default_settings(chosen) if chosen else ChunkSettings()
        return {
            self.index: gr.update(choices=names, value=chosen),
            self.chunk_size: clamp(CHUNK_SIZE, default.chunk_size),
            self.chunk_overlap: clamp(CHUNK_OVERLAP, default.chunk_overlap),
        }

    def describe(self, index: str) -> Updates:
        """The numbers of the index below its name."""
        try:
            return {self.hint: frame.hint(self._bench.info(index) if index else None)}
        except IndexMissing:
            return {self.hint: frame.hint(None)}
        except RagError as error:
            return {self.hint: cells.error(str(error))}

    def differing(self, now: Now) -> Updates:
        """What differs from the index's default, or what cannot be."""
        try:
            settings = now.chunking
            default = self._bench.default_settings(now.index) if now.index else settings
        except SettingError as error:
            fix = now.chunk_size // 4
            action = frame.refused(str(error), f"Set chunk_overlap to {fix}", "chunk_overlap", fix)
            return {self.say: action}
        except RagError as error:
            return {self.say: cells.error(str(error))}
        said = frame.changed(_differing(settings, default, now))
        return {
            self.recipe: frame.recipe(now.mode),
            self.say: "",
            self.changed: said,
            self.foot: gr.update(visible=bool(said)),
        }

    def asked_for(self, wanted: Mapping[str, str]) -> Updates:
        """Settings named in the page's address, where they are numbers a slider can show."""
        asked: Updates = {
            self.slider(spec.name): clamp(spec, int(wanted[spec.name]))
            for spec in (CHUNK_SIZE, CHUNK_OVERLAP, TOP_K)
            if wanted.get(spec.name, "").isdecimal()
        }
        if re.fullmatch(r"0(\.\d+)?|1(\.0+)?", wanted.get("weight", "")):
            asked[self.weight] = float(wanted["weight"])
        if wanted.get("mode") in MODES:
            asked |= {self.mode: wanted["mode"], self.recipe: frame.recipe(wanted["mode"])}
        return asked

    def slider(self, name: str) -> gr.Slider:
        """The slider of a setting."""
        return {CHUNK_SIZE.name: self.chunk_size, CHUNK_OVERLAP.name: self.chunk_overlap, TOP_K.name: self.top_k}[name]

    def restore(self, index: str) -> Updates:
        """The index's default settings back into the sliders."""
        default = self._bench.default_settings(index)
        return {
            self.chunk_size: clamp(CHUNK_SIZE, default.chunk_size),
            self.chunk_overlap: clamp(CHUNK_OVERLAP, default.chunk_overlap),
            self.top_k: int(TOP_K.default),
            self.weight: WEIGHT.default,
            self.mode: MODES[0],
        }


def _differing(settings: ChunkSettings, default: ChunkSettings, now: Now) -> list[str]:
    pairs = (
        ("chunk_size", settings.chunk_size, default.chunk_size),
        ("chunk_overlap", settings.chunk_overlap, default.chunk_overlap),
        ("top_k", now.top_k, int(TOP_K.default)),
        ("weight", now.weight, WEIGHT.default),
        ("the recipe", now.mode, MODES[0]),
    )
    return [name for name, value, then in pairs if value != then]


def clamp(spec: Range, value: float) -> int:
    """A value as its slider can show it."""
    return int(min(max(value, spec.slider_low), spec.slider_high))


def _slider(spec: Range) -> gr.Slider:
    return gr.Slider(
        spec.slider_low,
        spec.slider_high,
        value=spec.default,
        step=spec.step,
        label=spec.name,
        info=spec.unit,
        elem_id=spec.name,
        elem_classes="rs-knob",
        buttons=[],
    )
