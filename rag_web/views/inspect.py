"""The Inspect tab in HTML: what a search found, the passages, what has no vector yet. Knows nothing of gradio."""

from collections.abc import Sequence

from rag_core.settings import ChunkSettings
from rag_core.types import Hit, Missing

from . import cells
from .words import about, clip, count, esc, lang, took

RANKED = 20  # hits made once; top_k only moves the cut among them
_SNIPPET = 260


def summary(hits: Sequence[Hit], seconds: float) -> str:
    """What a search found, in one line."""
    tokens = sum(hit.tokens for hit in hits)
    documents = len({hit.document_id for hit in hits})
    found = f"{count(len(hits), 'passage')}, {count(tokens, 'token')},"
    return (
        f'<p class="rs-ask-out" role="status"><span class="rs-n">1</span><b>{found}</b> from '
        f"{count(documents, 'document')} in {took(seconds)}.</p>"
    )


def note(sentence: str) -> str:
    """A plain line in the place of `summary`; the sentence is HTML."""
    return f'<p class="rs-ask-out" role="status"><span class="rs-n">1</span>{sentence}</p>'


def nothing(ranked: int, seconds: float) -> str:
    """The line of a search that found nothing."""
    return note(f"<b>Nothing found</b> among {count(ranked, 'chunk')} in {took(seconds)}.")


def unasked(example: str) -> str:
    """No question yet."""
    return cells.empty(
        "The text shows how it is cut. Ask something and it shows what scores.",
        "Try " + cells.link(example, "example", question=example) if example else "",
    )


def unscored() -> str:
    """A question, but no vectors yet to score it with."""
    return cells.empty("", "The scores stand here once the chunks have vectors.")


def nothing_found(query: str, nearest: float, cut: float, top_k: int) -> str:
    """Nothing is closer than an unrelated question would be."""
    five = {1: "nearest", 2: "two nearest", 3: "three nearest", 4: "four nearest", 5: "five nearest"}
    return cells.empty(
        f"Nothing here is close to <b{lang(query)}>“{esc(clip(query, 120))}”</b>. "
        f"The best chunk has cosine {nearest:.2f}; the cut is {cut:.2f}.",
        cells.link(f"Show the {five.get(top_k, f'{top_k} nearest')} anyway", "anyway"),
    )


def passages(hits: Sequence[Hit], top_k: int, picked: int) -> str:
    """The ranked passages; those beyond top_k stand below a line, one line each."""
    if not hits:
        return cells.empty("No passages yet.")
    inside = "".join(_hit(hit, hit.rank == picked) for hit in hits[:top_k])
    beyond = "".join(_beyond(hit) for hit in hits[top_k:])
    if beyond:
        beyond = (
            f'<p class="rs-cutline"><span>top_k {top_k}: the next are not used</span></p>'
            f'<ol class="rs-hits rs-beyond" start="{top_k + 1}">{beyond}</ol>'
        )
    return f'<ol class="rs-hits">{inside}</ol>{beyond}'


def _hit(hit: Hit, now: bool) -> str:
    score = max(0.0, min(1.0, hit.score))
    return (
        f'<li class="rs-hit{" rs-now" if now else ""}"><button type="button" data-act="pick" data-rank="{hit.rank}" '
        f'aria-pressed="{str(now).lower()}" '
        f'aria-label="Passage {hit.rank}, {esc(hit.document)}, score {hit.score:.3f}">'
        f'<span class="rs-r">{hit.rank}</span><span class="rs-where"><b{lang(hit.document)}>{esc(hit.document)}</b>'
        f'<span class="rs-score">{hit.score:.3f}</span></span>'
        f'<span class="rs-meter"><span class="rs-bars"><i class="rs-part-dense" style="width:{score:.1%}"></i></span>'
        f'<span class="rs-parts">{count(hit.tokens, "token")}</span></span>'
        f'<span class="rs-snip"{lang(hit.text)}>{esc(clip(hit.text, _SNIPPET))}</span></button></li>'
    )


def _beyond(hit: Hit) -> str:
    return (
        f'<li><button type="button" data-act="pick" data-rank="{hit.rank}"><span class="rs-r">{hit.rank}</span>'
        f'<span class="rs-place"{lang(hit.document)}>{esc(hit.document)}</span>'
        f'<span class="rs-score">{hit.score:.3f}</span></button></li>'
    )


def passages_note(hits: Sequence[Hit]) -> str:
    """What the bars mean."""
    if not hits:
        return ""
    return '<span class="rs-legend"><span><i class="rs-sw rs-part-dense"></i>cosine, 0 to 1</span></span>'


def unembedded(missing: Missing, settings: ChunkSettings, shown: bool) -> str:
    """Chunks of the cut that have no vector yet, with what it takes to make them."""
    old = '<span class="rs-quiet rs-small">The old scores stay until then.</span>' if shown else ""
    embed = cells.button(f"Embed them, about {about(missing.seconds)}", "embed", "rs-main")
    return (
        '<div class="rs-todo" role="status">'
        f"<p>{count(missing.missing, 'chunk')} at {count(settings.chunk_size, 'token')} "
        f"{'has no vector' if missing.missing == 1 else 'have no vectors'} yet.</p>"
        f'<p class="rs-row">{embed}{old}</p></div>'
    )


def text_note(chunks: int, settings: ChunkSettings) -> str:
    """How the shown document is cut."""
    overlap = f", overlap {settings.chunk_overlap}" if settings.chunk_overlap else ""
    return f"<b>{count(chunks, 'chunk')}</b> of at most {settings.chunk_size:,} tokens{overlap}"
