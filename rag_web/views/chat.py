"""The Chat tab in HTML: turns, passages used, the prompt in tokens. Everything a model wrote is escaped.

Knows nothing of gradio.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.types import Answer, Dropped, Hit, Message, Prompt

from . import cells
from .words import clip, count, esc, lang

_CITATION = re.compile(r"\s*\[(\d{1,2})\]")
_BLANK = re.compile(r"\n\s*\n")
_PARTS = (
    ("sys", "system", "system"),
    ("psg", "passages", "passages"),
    ("hist", "history", "history"),
    ("q", "question", "question"),
)


@dataclass(slots=True)
class Turn:
    """A question and the latest snapshot of its answer. `problem` says why there is none."""

    question: str
    index: str
    answer: Answer | None = None
    stopped: bool = False
    problem: str = ""

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return not self.problem and not self.stopped and not (self.answer and self.answer.finish_reason)


def history(turns: Sequence[Turn]) -> list[Message]:
    """The finished turns as messages for the next question."""
    messages = []
    for turn in turns:
        if turn.answer and turn.answer.text and not turn.problem:
            messages += [Message("user", turn.question), Message("assistant", turn.answer.text)]
    return messages


def conversation(turns: Sequence[Turn], index: str, no_model: str = "") -> str:
    """All turns, oldest first."""
    if not turns:
        return _no_turns(index, no_model)
    last = len(turns) - 1
    return f'<div class="rs-talk">{"".join(_turn(turn, i, i == last) for i, turn in enumerate(turns))}</div>'


def _no_turns(index: str, no_model: str) -> str:
    name = f"<b>{esc(index)}</b>" if index else "your documents"
    if no_model:
        return cells.empty(
            "No model is loaded, so answers are the best sentences of your documents, word for word.", esc(no_model)
        )
    return cells.empty(
        f"Ask {name} something. The answer is written from the passages shown beside it.",
        "Every number in the answer points at the passage it came from.",
    )


def _turn(turn: Turn, number: int, last: bool) -> str:
    asked = f'<h3 class="rs-asked"{lang(turn.question)}>{esc(turn.question)}</h3>'
    return (
        f'<article class="rs-turn" data-turn="{number}">{asked}'
        f"{_answer(turn, number)}{_foot(turn) if last and not turn.running else ''}</article>"
    )


def _answer(turn: Turn, number: int) -> str:
    answer = turn.answer
    if answer is None:
        return cells.error(turn.problem) if turn.problem else _waiting("Reading the documents")
    parts = []
    if answer.note:
        parts.append(f'<p class="rs-voice">{esc(answer.note)}</p>')
    if answer.text or not turn.running:
        parts.append(_voice(answer, number, turn.running))
    else:
        parts.append(_waiting(f"{answer.model} reads {count(len(answer.prompt.used), 'passage')}"))
    if turn.problem:
        parts.append(cells.error(turn.problem))
    return "".join(parts)


def _waiting(what: str) -> str:
    return f'<p class="rs-voice" role="status">{esc(what)}<span class="rs-caret"></span></p>'


def _voice(answer: Answer, number: int, running: bool) -> str:
    caret = '<span class="rs-caret"></span>' if running else ""
    if answer.finish_reason == "not_found":
        return f'<p class="rs-own"{lang(answer.text)}>{esc(answer.text)}</p>'
    body = _cited(answer.text, number, len(answer.prompt.used)) + caret
    if answer.quoted:
        return (
            '<div><p class="rs-voice">From your documents</p>'
            f'<blockquote class="rs-quote"{lang(answer.text)}>{_BLANK.sub(chr(10), body)}</blockquote></div>'
        )
    return (
        f'<div><p class="rs-voice">In the words of {esc(answer.model)}</p>'
        f'<p class="rs-own"{lang(answer.text)}>{body}</p></div>'
    )


def _cited(text: str, turn: int, passages: int) -> str:
    """Escaped text with [n] as a button where passage n exists; the number is kept on the line of its word."""
    parts, at = [], 0
    for match in _CITATION.finditer(text):
        n = int(match.group(1))
        if not 1 <= n <= passages:
            continue
        before = text[at : match.start()]
        cut = max(before.rfind(" "), before.rfind("\n")) + 1
        parts.append(esc(before[:cut]))
        parts.append(f'<span class="rs-nowrap">{esc(before[cut:])}{_number(n, turn)}</span>')
        at = match.end()
    return "".join(parts) + esc(text[at:])


def _number(n: int, turn: int) -> str:
    data = f'data-cite="{n}" data-turn="{turn}" aria-label="passage {n}"'
    return f'<button type="button" class="rs-cite" {data}>{n}</button>'


def _foot(turn: Turn) -> str:
    said = ""
    if turn.stopped:
        said = "<span><b>Stopped.</b> What was written stays.</span>"
    elif turn.answer and turn.answer.finish_reason == "length":
        said = "<span><b>Cut off</b> at the longest answer allowed.</span>"
    copy = '<button type="button" class="rs-link rs-copy" data-copy="answer">Copy</button>' if turn.answer else ""
    return f'<p class="rs-turn-foot">{said}{cells.link("Retry", "retry")}{copy}{cells.link("Clear all", "clear")}</p>'


def model_line(answer: Answer | None, model: str, no_model: str = "") -> str:
    """Who answers and how fast, below the composer."""
    if answer is None or answer.quoted or not answer.answer_tokens:
        if model:
            return f'<p class="rs-model"><b>{esc(model)}</b>, on this computer.</p>'
        return f'<p class="rs-model"><b>No model.</b> {esc(no_model)}</p>' if no_model else '<p class="rs-model"></p>'
    seconds = answer.timings.total - answer.timings.first_token
    rate = f"{answer.answer_tokens / seconds:.1f} tokens/s, " if seconds > 0.05 else ""
    first = f"first token after {answer.timings.first_token:.2f} s, " if answer.timings.first_token else ""
    return (
        f'<p class="rs-model"><b>{esc(answer.model)}</b>, {rate}{first}'
        f"{answer.prompt_tokens:,} + {answer.answer_tokens:,} tokens.</p>"
    )


def used(answer: Answer | None, turn: int) -> str:
    """The passages in the prompt, in the order of their numbers."""
    if answer is None or not answer.prompt.used:
        return cells.empty("", "The passages an answer is written from stand here, with their scores.")
    rows = "".join(_use(hit, n, n == 1) for n, hit in enumerate(answer.prompt.used, 1))
    return f'<ol class="rs-used" data-turn="{turn}">{rows}</ol>'


def _use(hit: Hit, number: int, now: bool) -> str:
    opener = cells.link("Open in the document", "open", rank=hit.rank)
    return (
        f'<li class="rs-use{" rs-now" if now else ""}" data-passage="{number}" tabindex="0"><div class="rs-where">'
        f'<span class="rs-cite{" rs-now" if now else ""}">{number}</span><b{lang(hit.document)}>{esc(hit.document)}</b>'
        f'<span class="rs-end">{hit.score:.3f}</span></div>'
        f'<p class="rs-doc-text"{lang(hit.text)}>{esc(hit.text)}</p><p class="rs-small rs-opener">{opener}</p></li>'
    )


def tokens(answer: Answer | None) -> str:
    """Where the context window went: a bar, its legend, what was left out, and the exact prompt in a fold."""
    if answer is None:
        return cells.empty("", "What the model gets stands here, in tokens and word for word.")
    prompt = answer.prompt
    if not prompt.tokens.context:
        return cells.empty("", "No model was asked, so there is no prompt.")
    spent = prompt.tokens
    parts = [(key, name, getattr(spent, field)) for key, name, field in _PARTS]
    parts.append(("left", "left for the answer", max(0, spent.context - spent.total)))
    bar = "".join(f'<i class="rs-k-{key}" style="width:{n / spent.context:.2%}"></i>' for key, _, n in parts)
    said = ", ".join(f"{name} {n}" for _, name, n in parts)
    legend = "".join(
        f'<span><i class="rs-sw rs-k-{key}"></i>{name} <b>{n:,}</b></span>'
        for key, name, n in parts
        if n or key != "hist"
    )
    return (
        f'<div class="rs-tokens" role="img" aria-label="{said}">{bar}</div><div class="rs-legend">{legend}</div>'
        f"{''.join(map(_dropped, prompt.dropped))}"
        '<details class="rs-exact"><summary>Read the exact prompt</summary>'
        f'<pre tabindex="0"{lang(prompt.text)}>{esc(prompt.text)}</pre></details>'
    )


def tokens_note(prompt: Prompt | None) -> str:
    """How full the context window is."""
    if prompt is None or not prompt.tokens.context:
        return ""
    return f"{prompt.tokens.total:,} of {prompt.tokens.context:,} tokens"


def _dropped(dropped: Dropped) -> str:
    hit = dropped.hit
    return (
        f'<p class="rs-small rs-quiet">Left out: passage {hit.rank}, {esc(clip(hit.document, 60))}, '
        f"score {hit.score:.3f}; {esc(dropped.reason)}</p>"
    )
