"""The parts every tab is made of: cell heads with their Python fold, sentences, links, progress.

Knows nothing of gradio; returns escaped HTML.
"""

import re

from rag_core.types import Progress

from .words import about, count, esc

_CODE = re.compile(
    r"(?P<s>&quot;(?:\\.|(?!&quot;).)*&quot;|&#x27;(?:\\.|(?!&#x27;).)*&#x27;)"
    r"|(?P<c>#[^\n]*)|(?P<k>\b(?:from|import|for|in|print|as)\b)"
)
_STAGES = {"reading": "read", "mapping": "counted", "embedding": "embedded", "saving": "saved"}
_NOUNS = {"reading": "file", "mapping": "document", "embedding": "chunk", "saving": "document"}


def head(number: int, title: str, note: str = "", code: str = "") -> str:
    """A cell's head: number, title, a quiet note (HTML) and the fold with the lines that redo the cell."""
    note = f'<span class="rs-note">{note}</span>' if note else ""
    start = f'<header class="rs-head"><span class="rs-n">{number}</span><h2>{esc(title)}</h2>{note}</header>'
    return start + (fold(code, f"{title}, as Python") if code else "")


def fold(code: str, label: str) -> str:
    """A closed "Python" fold around source code."""
    return (
        f'<details class="rs-py"><summary aria-label="{esc(label)}">Python</summary>'
        f'<div class="rs-code"><pre><code>{_coloured(code)}</code></pre>'
        '<button type="button" class="rs-link rs-copy" data-copy="code">Copy</button></div></details>'
    )


def _coloured(code: str) -> str:
    def mark(match: re.Match[str]) -> str:
        kind = match.lastgroup
        return f'<span class="rs-{kind}">{match.group()}</span>'

    return _CODE.sub(mark, esc(code))


def link(text: str, act: str, **data: object) -> str:
    """A button that looks like a link and tells the page to `act`, with `data` as the event's fields."""
    return f'<button type="button" class="rs-link" data-act="{act}"{_data(data)}>{esc(text)}</button>'


def button(text: str, act: str, kind: str = "", **data: object) -> str:
    """A small button; `kind` "rs-main" for the one main action."""
    return f'<button type="button" class="rs-btn rs-slim {kind}" data-act="{act}"{_data(data)}>{esc(text)}</button>'


def _data(data: dict[str, object]) -> str:
    return "".join(f' data-{key}="{esc(value)}"' for key, value in data.items())


def say(what: str, why: str = "", action: str = "") -> str:
    """Something that went wrong, beside the thing concerned: bold what, then why; `action` is HTML."""
    why = f" {esc(why)}" if why else ""
    action = f" {action}" if action else ""
    return f'<p class="rs-say" role="alert"><span><b>{esc(what)}</b>{why}{action}</span></p>'


def error(message: str, action: str = "") -> str:
    """An error's message: its first sentence bold, the rest plain."""
    what, _, why = message.partition(". ")
    return say(what + "." if why else what, why, action)


def empty(first: str, then: str = "") -> str:
    """What an empty place says: what this is, then one action. Both are HTML."""
    first = f"<p>{first}</p>" if first else ""
    then = f'<p class="rs-then">{then}</p>' if then else ""
    return f'<div class="rs-empty">{first}{then}</div>'


def progress(step: Progress | None, begin: str, kept: str = "", cancel: bool = True) -> str:
    """A running task: what, how many of how many, rate, time left, Cancel. `begin` stands until there is a number."""
    if step is None or not step.total:
        what, share, pace = esc(begin), 0.0, ""
    elif step.stage == "embedding" and not step.done:  # the weights load with the first text
        what, share, pace = f"{count(step.total, 'chunk')} to embed; the embedder is being loaded", 0.0, ""
    else:
        noun = _NOUNS.get(step.stage, "step")
        name = f'<b>{esc(step.name)}</b>, <span class="rs-nowrap">' if step.name else "<span>"
        of_all = f"{step.done:,} of {count(step.total, noun)} {_STAGES.get(step.stage, 'done')}"
        what, share = f"{name}{of_all}</span>", step.done / step.total
        pace = f"{step.rate:,.0f} {noun}s/s" if step.rate >= 1 else ""
        if step.seconds_left is not None and step.done < step.total:
            pace += f"{', ' if pace else ''}{about(step.seconds_left)} left"
    stop = button("Cancel", "cancel") if cancel else ""
    return (
        f'<div class="rs-progress" role="status"><span class="rs-what">{what}</span>{stop}'
        f'<div class="rs-gauge" role="progressbar" aria-valuenow="{share:.0%}"><i style="width:{share:.2%}"></i></div>'
        f'<span class="rs-quiet rs-small">{esc(kept)}</span><span class="rs-eta">{pace}</span></div>'
    )
