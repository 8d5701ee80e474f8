"""Small gradio helpers that the sidebar and the tabs share: HTML that acts, cell heads, checked settings.

Knows nothing of any one tab.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from rag_core.settings import ChunkSettings

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


def html(value: str = "", *, acts: tuple[str, ...] = (), js: str = "", classes: str = "", elem_id: str = "") -> gr.HTML:
    """A gr.HTML whose buttons with data-act raise events of the names in `acts`."""
    return gr.HTML(
        value,
        js_on_load=_ACTS % ", ".join(f"'{act}'" for act in acts) + js,
        apply_default_css=False,
        elem_classes=["rs-html", *classes.split()],
        elem_id=elem_id or None,
    )


def chunking(chunk_size: float, chunk_overlap: float) -> ChunkSettings:
    """What the two sliders say. SettingError when they contradict each other."""
    return ChunkSettings(chunk_size=int(chunk_size), chunk_overlap=int(chunk_overlap))


def field(event: gr.EventData, name: str) -> str:
    """One of the data fields of a clicked button."""
    data: Mapping[str, Any] = event._data or {}
    return str(data.get(name, ""))


def script(name: str) -> str:
    """The text of a file beside this module."""
    return (FOLDER / name).read_text(encoding="utf-8")
