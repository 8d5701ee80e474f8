"""JSON values as paragraphs: one for every record, "key: value" lines, keys joined by dots.

Knows nothing of files. Values come with nothing lost: an object is a tuple of (key, value) pairs, so that a repeated
key keeps all its values; a number is the string it was written as.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ..errors import LoadError
from .common import listing

Json: TypeAlias = "str | bool | None | list[Json] | tuple[tuple[str, Json], ...]"
Pairs: TypeAlias = "tuple[tuple[str, Json], ...]"

MAX_DEPTH = 200
# Values, containers included, up to which one stays in the paragraph of its record. The root is rarely a record
# itself: what stands beside its few texts are mostly the records.
_INLINE, _INLINE_AT_ROOT = 20, 5
_LONG = 60  # mean characters from which the texts of an object are paragraphs of their own


@dataclass(slots=True)
class JsonReader:
    """Parses JSON and remembers what was odd about it."""

    repeated: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def parse(self, text: str) -> Json:
        """The value of `text`. Raises json.JSONDecodeError, or LoadError when it is nested too deep."""
        try:
            value: Json = json.loads(
                text,
                object_pairs_hook=self._pairs,
                parse_float=str,
                parse_int=str,
                parse_constant=self._constant,
            )
        except RecursionError:
            raise _too_deep() from None
        _check_depth(value)
        return value

    @property
    def notes(self) -> list[str]:
        """Sentences on what was odd."""
        notes = []
        if self.repeated:
            names = listing([f'"{key}"' for key in dict.fromkeys(self.repeated)])
            notes.append(f"an object has the same key more than once ({names}); every value was kept")
        if self.words:
            notes.append(f"{listing(sorted(set(self.words)))} in it is not JSON; kept as a word")
        return notes

    def _pairs(self, pairs: list[tuple[str, Json]]) -> Pairs:
        keys = {key for key, _ in pairs}
        if len(keys) < len(pairs):
            names = [key for key, _ in pairs]
            self.repeated += [key for key in keys if names.count(key) > 1]
        return tuple(pairs)

    def _constant(self, word: str) -> str:
        self.words.append(word)
        return word


def paragraphs(value: Json) -> Iterator[str]:
    """A paragraph for every record in `value`; null, "" and empty containers give none."""
    if isinstance(value, list) and _is_flat(value):
        yield from filter(None, map(_word, value))
    else:
        yield from _paragraphs(value, ())


def _paragraphs(value: Json, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, tuple):
        yield from _of_object(value, path)
    elif isinstance(value, list) and not _is_flat(value):
        for number, item in enumerate(value, 1):
            yield from _paragraphs(item, (*path, str(number)))
    elif line := _line(path if _has_name(path) else (), value):
        yield line


def _of_object(pairs: Pairs, path: tuple[str, ...]) -> Iterator[str]:
    if _is_object_of_texts(pairs):
        yield from filter(None, (_line((*path, key), value) for key, value in pairs))
        return
    is_record = any(_is_flat(value) for _, value in pairs)
    lines: list[str] = [".".join(path)] if _has_name(path) else []
    label, rest = len(lines), []
    for key, value in pairs:
        if _is_flat(value) or (is_record and _is_small(value, _INLINE if path else _INLINE_AT_ROOT)):
            lines += filter(None, _flattened(value, (key,)))
        else:
            rest.append((key, value))
    if len(lines) > label:
        yield "\n".join(lines)
    for key, value in rest:
        yield from _paragraphs(value, (*path, key))


def _flattened(value: Json, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, tuple):
        for key, item in value:
            yield from _flattened(item, (*path, key))
    elif isinstance(value, list) and not _is_flat(value):
        for number, item in enumerate(value, 1):
            yield from _flattened(item, (*path, str(number)))
    else:
        yield _line(path, value)


def _line(path: Sequence[str], value: Json) -> str:
    word = ", ".join(filter(None, map(_word, value))) if isinstance(value, list) else _word(value)
    return f"{'.'.join(path)}: {word}" if path and word else word


def _word(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strip() if isinstance(value, str) else ""


def _has_name(path: Sequence[str]) -> bool:
    return not all(part.isdigit() for part in path)


def _is_flat(value: Json) -> bool:
    """Whether the value fits on one line: no container, or a list without one in it."""
    if isinstance(value, list):
        return not any(isinstance(item, (list, tuple)) for item in value)
    return not isinstance(value, tuple)


def _is_object_of_texts(pairs: Pairs) -> bool:
    texts = [value for _, value in pairs if isinstance(value, str)]
    return len(texts) == len(pairs) > 0 and sum(map(len, texts)) >= _LONG * len(texts)


def _is_small(value: Json, limit: int) -> bool:
    waiting, seen = [value], 0
    while waiting and seen <= limit:
        item = waiting.pop()
        seen += 1
        if isinstance(item, tuple):
            waiting += [inner for _, inner in item[: limit + 1]]
        elif isinstance(item, list):
            waiting += item[: limit + 1]
    return seen <= limit


def _check_depth(value: Json) -> None:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Json] = []
        for item in level:
            if isinstance(item, tuple):
                inner += [value for _, value in item if isinstance(value, (list, tuple))]
            elif isinstance(item, list):
                inner += [value for value in item if isinstance(value, (list, tuple))]
        if not inner:
            return
        level = inner
    raise _too_deep()


def _too_deep() -> LoadError:
    return LoadError(f"its JSON is nested too deep; at most {MAX_DEPTH} levels are read.")
