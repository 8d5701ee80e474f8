"""Messages → the exact prompt, by the model's own chat template, in which no text can pose as a control token.

Templates come with the model's file and run in jinja2's immutable sandbox. Knows nothing of tokens or passages.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from ..errors import ModelError
from ..types import Message

# Invisible, and no marker holds one: a marker with this inside is ordinary text to every tokenizer.
_BREAK = "\u200d"
_CHATML_MARKERS = ("<|im_start|>", "<|im_end|>")
CHATML = (
    "{{ bos_token }}{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class Neutraliser:
    """Breaks a model's control markers in text, so that they are read as text.

    >>> Neutraliser(["</s>"])("Stop.</s>").encode("unicode_escape")
    b'Stop.<\\\\u200d/s>'
    """

    def __init__(self, markers: Collection[str]) -> None:
        longest_first = sorted({*markers, *_CHATML_MARKERS}, key=lambda marker: (-len(marker), marker))
        self._pattern = re.compile("|".join(re.escape(marker) for marker in longest_first if len(marker) > 1))

    def __call__(self, text: str) -> str:
        while self._pattern.search(text):
            text = self._pattern.sub(lambda found: found[0][0] + _BREAK + found[0][1:], text)
        return text


class ChatTemplate:
    """Renders messages. `source` None: ChatML, which most chat models understand."""

    def __init__(self, source: str | None, *, bos: str, eos: str, markers: Collection[str]) -> None:
        from jinja2 import TemplateError
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self._error = TemplateError
        self._neutral = Neutraliser(markers)
        try:
            self._render: Any = Jinja2ChatFormatter(source or CHATML, eos_token=eos, bos_token=bos)
        except TemplateError:  # a template that does not parse
            self._render = Jinja2ChatFormatter(CHATML, eos_token=eos, bos_token=bos)

    def __call__(self, messages: Sequence[Message]) -> str:
        """The prompt, ending where the answer begins. ModelError if the template refuses these messages."""
        clean = [Message(message.role, self._neutral(message.content)) for message in messages]
        try:
            return self._apply(clean)
        except (self._error, ValueError, TypeError, OverflowError) as error:
            if len(clean) < 2 or clean[0].role != "system":
                raise ModelError(f"The model's chat template cannot be used ({error}). Choose another model.") from None
        return self(_without_system(clean))

    def _apply(self, messages: Sequence[Message]) -> str:
        rendered: str = self._render(messages=[{"role": m.role, "content": m.content} for m in messages]).prompt
        return rendered


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """The system text at the head of the first message: some templates know no system role."""
    system, first, *rest = messages
    return [Message(first.role, f"{system.content}\n\n{first.content}"), *rest]
