"""The panel "Why was this not found?" in HTML: the sentence concerned, its place, and what would bring it in.

Knows nothing of gradio.
"""

from rag_core.explaining import DEEPEST, Fix, WhyNot
from rag_core.searching import Ranking

from . import cells
from .words import clip, count, esc, lang

_QUOTED = 300
_UNITS = {"field": "sentence", "chunks": "chunk", "dense": "chunk", "keyword": "chunk"}


def panel(why: WhyNot, ranking: Ranking, sentence: str, held_back: bool, code: str) -> str:
    """The answer in sentences. `held_back`: the page shows nothing, since nothing is close to the question."""
    title = "This was found" if why.found else "Why was this not found?"
    close = '<button type="button" class="rs-link rs-close" data-act="close">Close</button>'
    text = _found(why, held_back, ranking) if why.found else _missed(why, ranking)
    return (
        f'<section class="rs-why" tabindex="-1" aria-label="{title}"><header><h3>{title}</h3>{close}</header>'
        f'<blockquote class="rs-quote"{lang(sentence)}>{esc(clip(sentence, _QUOTED))}</blockquote>'
        f"{text}{cells.fold(code, f'{title}, as Python')}</section>"
    )


def failed(message: str) -> str:
    """The panel when there is no answer."""
    close = '<button type="button" class="rs-link rs-close" data-act="close">Close</button>'
    return f'<section class="rs-why" tabindex="-1" aria-label="Error">{cells.error(message, close)}</section>'


def _found(why: WhyNot, held_back: bool, ranking: Ranking) -> str:
    used = len(ranking.hits())
    said = f"<p>The sentence lies in <b>passage {why.rank} of {used}</b>, at {why.score:.3f}. {_parts(why)}</p>"
    if held_back:
        return said + (
            "<p>The page holds all passages back, since none is close to the question: the best cosine is "
            f"{ranking.nearest:.2f} and the cut is {ranking.cut:.2f}.</p>"
        )
    return said + f"<p>{cells.link(f'Go to passage {why.rank}', 'pick', rank=why.rank)}</p>"


def _missed(why: WhyNot, ranking: Ranking) -> str:
    used, mode = len(ranking.hits()), ranking.settings.mode
    among = f"{count(ranking.total, _UNITS[mode])} compared"
    if why.rank:
        place = f"Its passage comes <b>{_ordinal(why.rank)}</b>, and only {_first(used)} used ({among})."
        gap = f"It scores <b>{why.score:.3f}</b>, {why.gap:.3f} below the last one used ({why.last_score:.3f})."
    else:
        place = f"It is <b>not among the first {DEEPEST}</b> passages, and only {_first(used)} used ({among})."
        gap = ""
    return f"<p>{place} {gap} {_parts(why)}</p>{_fixes(why)}"


def _first(used: int) -> str:
    return "the first is" if used == 1 else f"the first {used} are"


def _parts(why: WhyNot) -> str:
    """The raw figures, behind the same two swatches as in the list of passages."""
    dense = "" if why.dense is None else f'<i class="rs-sw rs-part-dense"></i>cosine {why.dense:.2f}'
    keyword = "" if why.keyword is None else f'<i class="rs-sw rs-part-key"></i>BM25 {why.keyword:.1f}'
    return f'<span class="rs-raw">{", ".join(filter(None, (dense, keyword)))}</span>'


def _fixes(why: WhyNot) -> str:
    able = [fix for fix in why.fixes if fix.knob != "floor"]  # which has no slider
    if not able:
        return "<p>No single setting brings it in: it has too little in common with the question.</p>"
    rows = "".join(f"<li>{_fix(fix)}</li>" for fix in able)
    return f"<p>One change brings it in:</p><ul>{rows}</ul>"


def _fix(fix: Fix) -> str:
    value = f"{fix.value:.2f}" if fix.knob == "weight" else fix.value
    name = f"recipe {value}" if fix.knob == "mode" else f"{fix.knob} {value}"
    change: dict[str, object] = {fix.knob: fix.value}
    if fix.knob == "chunk_size":
        change["chunk_overlap"] = fix.settings.chunk_overlap or 0
    button = cells.button(f"Set {name}", "bring_in", "", **change)
    return f"{button}<span>as passage {fix.rank}, {count(fix.tokens, 'token')} in all</span>"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
