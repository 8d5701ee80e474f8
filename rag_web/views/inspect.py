"""The Inspect tab in HTML: what a search found, the passages, what has no vector yet. Knows nothing of gradio."""

from collections.abc import Sequence

from rag_core.settings import ChunkSettings
from rag_core.types import Hit, Missing

from . import cells
from .words import about, clip, count, esc, lang, took

RANKED = 20  # hits made once; top_k only moves the cut among them
_SNIPPET = 260


def summary(hits: Sequence[Hit], seconds: float, remark: str = "", context: int = 0) -> str:
    """What a search found, in one line; `context`: the tokens that the chat model reads at once, 0 for unknown."""
    tokens = sum(hit.tokens for hit in hits)
    documents = len({hit.document_id for hit in hits})
    found = f"{count(len(hits), 'passage')}, {count(tokens, 'token')},"
    return (
        f'<p class="rs-ask-out" role="status"><span class="rs-n">1</span><b>{found}</b> from '
        f"{count(documents, 'document')} in {took(seconds)}. {_filled(tokens, context)}{esc(remark)}</p>"
    )


def _filled(tokens: int, context: int) -> str:
    if not context:
        return ""
    if tokens > context:
        return f'<span class="rs-alarm">More than the {context:,} tokens the chat model can hold.</span> '
    return f"{tokens / context:.0%} of what the chat model can hold. ".replace("%", "\N{NO-BREAK SPACE}%")


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


def passages(hits: Sequence[Hit], top_k: int, picked: int, mode: str) -> str:
    """The ranked passages; those beyond top_k stand below a line, one line each."""
    if not hits:
        return cells.empty("No passages yet.")
    longest = max(hit.score for hit in hits) if mode == "keyword" else 1.0
    inside = "".join(_hit(hit, hit.rank == picked, _bars(hit, longest)) for hit in hits[:top_k])
    beyond = "".join(_beyond(hit) for hit in hits[top_k:])
    if beyond:
        beyond = (
            f'<p class="rs-cutline"><span>top_k {top_k}: the next are not used</span></p>'
            f'<ol class="rs-hits rs-beyond" start="{top_k + 1}">{beyond}</ol>'
        )
    return f'<ol class="rs-hits">{inside}</ol>{beyond}'


def _bars(hit: Hit, longest: float) -> str:
    """The score as a bar: solid what the vectors gave, hatched what the words gave."""
    score = max(0.0, min(1.0, hit.score / longest)) if longest > 0 else 0.0
    solid, hatched = score * hit.dense_share, score * (1 - hit.dense_share)
    bars = f'<i class="rs-part-dense" style="width:{solid:.1%}"></i>' if solid > 0.001 else ""
    bars += f'<i class="rs-part-key" style="width:{hatched:.1%}"></i>' if hatched > 0.001 else ""
    return f'<span class="rs-bars">{bars}</span>'


def _figures(hit: Hit) -> str:
    dense = "" if hit.dense is None else f'<span><i class="rs-sw rs-part-dense"></i>{hit.dense:.2f}</span>'
    keyword = "" if hit.keyword is None else f'<span><i class="rs-sw rs-part-key"></i>{hit.keyword:.1f}</span>'
    return f'<span class="rs-parts">{dense}{keyword}<span>{count(hit.tokens, "token")}</span></span>'


def _place(hit: Hit) -> str:
    """Where in its document a passage stands, and how often its text stands elsewhere."""
    page = f"page {hit.page}" if hit.page else ""
    copies = f"{hit.copies} copies" if hit.copies > 1 else ""
    said = ", ".join(part for part in (page, hit.section, copies) if part)
    return f'<span class="rs-place"{lang(said)}>{esc(clip(said, 90))}</span>' if said else ""


def _snippet(hit: Hit) -> str:
    """The passage's text from its best sentence on, that sentence marked."""
    if hit.anchor is None or not hit.start <= hit.anchor[0] < hit.end:
        return esc(clip(hit.text, _SNIPPET))
    start, end = hit.anchor[0] - hit.start, min(hit.anchor[1], hit.end) - hit.start
    before = "… " if start else ""
    rest = hit.text[end : end + _SNIPPET]
    return f"{before}<mark>{esc(clip(hit.text[start:end], _SNIPPET))}</mark>{esc(rest)}"


def _hit(hit: Hit, now: bool, bars: str) -> str:
    return (
        f'<li class="rs-hit{" rs-now" if now else ""}"><button type="button" data-act="pick" data-rank="{hit.rank}" '
        f'aria-pressed="{str(now).lower()}" '
        f'aria-label="Passage {hit.rank}, {esc(hit.document)}, score {hit.score:.3f}">'
        f'<span class="rs-r">{hit.rank}</span><span class="rs-where"><b{lang(hit.document)}>{esc(hit.document)}</b>'
        f"{_place(hit)}"
        f'<span class="rs-score">{hit.score:.3f}</span></span>'
        f'<span class="rs-meter">{bars}{_figures(hit)}</span>'
        f'<span class="rs-snip"{lang(hit.text)}>{_snippet(hit)}</span></button></li>'
    )


def _beyond(hit: Hit) -> str:
    return (
        f'<li><button type="button" data-act="pick" data-rank="{hit.rank}"><span class="rs-r">{hit.rank}</span>'
        f'<span class="rs-place"{lang(hit.document)}>{esc(hit.document)}</span>'
        f'<span class="rs-score">{hit.score:.3f}</span></button></li>'
    )


_DENSE, _KEYWORD = '<i class="rs-sw rs-part-dense"></i>', '<i class="rs-sw rs-part-key"></i>'
_NOTES = {
    "field": f"<span>{_DENSE}dense</span><span>{_KEYWORD}keyword</span>",
    "dense": f"<span>{_DENSE}cosine, 0 to 1</span>",
    "keyword": f"<span>{_KEYWORD}BM25, to the best</span>",
}


def passages_note(hits: Sequence[Hit], mode: str) -> str:
    """What the bars mean."""
    return f'<span class="rs-legend">{_NOTES.get(mode, _NOTES["field"])}</span>' if hits else ""


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
