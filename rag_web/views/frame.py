"""What surrounds the tabs: brand, share status, the index in numbers, the settings in one line, first start.

Knows nothing of gradio; returns escaped HTML.
"""

from typing import Protocol

from rag_core.types import IndexInfo, Progress

from . import cells
from .words import count, esc, listed

_MARK = (
    '<svg viewBox="0 0 24 24" aria-hidden="true" fill="none">'
    '<path d="M7 4H3v16h4M17 4h4v16h-4" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M7 8.2h10M7 15.8h7" stroke="currentColor" stroke-width="1.4" opacity=".45"/>'
    '<path d="M7 12h10" stroke="var(--rs-accent)" stroke-width="3"/></svg>'
)
_KNOBS = (
    '<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">'
    '<path d="M2 6h9M15 6h3M2 14h3M9 14h9M13 3v6M7 11v6"/></svg>'
)


class Share(Protocol):
    """What is known of the shared link; `status` is "local", "creating", "shared" or "failed"."""

    @property
    def status(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def password(self) -> str: ...


def brand() -> str:
    """The name, at the top left."""
    return f'<div class="rs-brand">{_MARK}<span><b>RAG</b><i>scope</i></span></div>'


def share(state: Share) -> str:
    """The share status, at the top right."""
    return f'<div class="rs-share" data-status="{esc(state.status)}" role="status">{_share(state)}</div>'


def _share(state: Share) -> str:
    if state.status == "creating":
        return "<span>Creating a link…</span>"
    if state.status == "shared":
        shown = state.url.removeprefix("https://").removeprefix("http://")
        secret = (
            f"<span>password <code data-copied>{esc(state.password)}</code> "
            '<button type="button" class="rs-link rs-copy" data-copy="password">Copy</button></span>'
            if state.password
            else ""
        )
        address = f'<a href="{esc(state.url)}" target="_blank" rel="noopener">{esc(shown)}</a>'
        return f"<span><b>Shared</b> at {address}</span>{secret}"
    if state.status == "failed":
        return f'<span class="rs-alarm"><b>No link could be made:</b> {esc(state.reason)}</span>'
    return '<span class="rs-local">Only on this computer</span>'


def hint(info: IndexInfo | None) -> str:
    """The index in numbers, below its name."""
    if info is None:
        return '<p class="rs-hint">There is no index yet. Add files to make one.</p>'
    counts = f"{count(info.documents, 'document')}, {count(info.sentences, 'sentence')}, {count(info.tokens, 'token')}"
    return f'<p class="rs-hint">{counts}</p>'


def preparing(name: str) -> str:
    """The index is being made."""
    return f'<p class="rs-hint">{esc(name)} is being made.</p>'


def knobline(chunk_size: int, chunk_overlap: int, top_k: int, weight: float) -> str:
    """The settings in one line, which opens them on a phone."""
    return (
        '<button type="button" class="rs-knobline" data-settings="open" aria-label="Open settings">'
        f"<span>chunk_size<b>{chunk_size}</b></span><span>overlap<b>{chunk_overlap}</b></span>"
        f"<span>top_k<b>{top_k}</b></span><span>weight<b>{weight:.2f}</b></span>{_KNOBS}</button>"
    )


def done() -> str:
    """Closes the settings on a phone."""
    return '<button type="button" class="rs-btn rs-done-btn" data-settings="close">Done</button>'


_RECIPES = {
    "field": "Passages grown around the best sentences, never over a heading.",
    "chunks": "Fixed chunks, each scored by its best sentence.",
    "dense": "Fixed chunks by the cosine of their own vectors. The weight plays no part.",
    "keyword": "Fixed chunks by their words (BM25). The weight plays no part.",
}


def recipe(mode: str) -> str:
    """What a recipe does, in a line."""
    return f'<p class="rs-hint">{_RECIPES[mode]}</p>'


def changed(names: list[str]) -> str:
    """Which settings differ from the index's default, as a sentence; "" when none does."""
    if not names:
        return ""
    return f"<p>{listed(names)} {'differs' if len(names) == 1 else 'differ'} from the index’s default.</p>"


def refused(message: str, fix: str, field: str, value: int) -> str:
    """A setting that cannot be, with both numbers and the fix: a click sets `field` to `value`."""
    return cells.error(message.partition(". ")[0] + ".", cells.link(fix, "fix", field=field, value=value))


def welcome(step: Progress | None, documents: int) -> str:
    """The first start: the sample is being made into an index."""
    begin = "Loading the embedder. This takes a moment on the first start."
    return (
        '<section class="rs-welcome" data-busy="true"><h2>A sample catalogue is being prepared</h2>'
        f"<p>{count(documents, 'file')} about furniture are read, cut into chunks and embedded on this computer. "
        "Nothing is sent anywhere.</p>"
        f"{cells.progress(step, begin, 'This happens once.', cancel=False)}</section>"
    )


def waiting(sentence: str) -> str:
    """One line in place of a result that is on its way."""
    return f'<p class="rs-ask-out rs-quiet" role="status">{esc(sentence)}</p>'
