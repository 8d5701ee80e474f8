"""Numbers, sizes, times and languages as the page says them. Knows nothing of gradio or of any tab."""

import html
import re

_HANGUL = re.compile(r"[ᄀ-ᇿ㄰-㆏가-힣]")
_LETTERS = re.compile(r"[^\W\d_]")
_SAMPLE = 400  # characters looked at to tell a language


def esc(text: object) -> str:
    """Text made safe inside HTML and inside quoted attributes."""
    return html.escape(str(text), quote=True)


def is_korean(text: str) -> bool:
    """Whether at least a fifth of the letters are Hangul; one Korean name in an English line is not enough.

    >>> is_korean("LED 불꽃은 난방을 끈 상태에서도 켤 수 있습니다."), is_korean("See 전기 below for the details.")
    (True, False)
    """
    sample = text[:_SAMPLE]
    hangul = len(_HANGUL.findall(sample))
    return hangul > 0 and hangul * 5 >= len(_LETTERS.findall(sample))


def lang(text: str) -> str:
    """A ` lang="ko"` attribute for Korean text, else nothing."""
    return ' lang="ko"' if is_korean(text) else ""


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 chunk", "2,310 sentences"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(bytes_: int) -> str:
    """Bytes as people read them: "812 bytes", "38 kB", "4.2 MB"."""
    if bytes_ < 1000:
        return count(bytes_, "byte")
    if bytes_ < 1_000_000:
        return f"{bytes_ / 1000:.0f} kB"
    return f"{bytes_ / 1_000_000:.1f} MB"


def took(seconds: float) -> str:
    """How long something took: "4 ms", "2.4 s", "3 min 20 s"."""
    if seconds < 0.9995:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def about(seconds: float) -> str:
    """How long something will take, no more exact than an estimate is: "6 s", "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def listed(items: list[str], most: int = 3) -> str:
    """Items in one phrase: "a, b and 4 more"."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most:,} more"
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def clip(text: str, most: int) -> str:
    """One line of at most `most` characters, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return line[:most].rsplit(" ", 1)[0] + "…"
