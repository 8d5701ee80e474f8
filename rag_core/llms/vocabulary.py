"""A model's vocabulary and chat template without its weights: counts and renders while the model is busy.

Holds a copy of its own, so that the model itself is only ever touched by its one thread. Knows nothing of sampling.
"""

import ctypes
import threading
from collections.abc import Sequence
from pathlib import Path

from ..errors import ModelError
from ..types import Message
from .gguf import Header
from .runtime import runtime
from .templates import ChatTemplate

_CONTROL_OR_UNKNOWN = 8 | 1  # the attributes of tokens that are only read from text when special tokens are asked for
_LONGEST_PIECE = 1024  # bytes


class Vocabulary:
    """Tokens of one GGUF file. Safe to use from several threads."""

    def __init__(self, path: Path, header: Header) -> None:
        self._api = runtime().api
        self._lock = threading.Lock()
        params = self._api.llama_model_default_params()
        params.vocab_only = True
        self._model = self._api.llama_model_load_from_file(str(path).encode(), params)
        if not self._model:
            raise ModelError(
                f"{path.name} cannot be loaded: its architecture {header.architecture!r} or its tokenizer is not known "
                "to the installed llama-cpp-python. Choose another model or upgrade the package."
            )
        self._vocab = self._api.llama_model_get_vocab(self._model)
        template = header.metadata.get("tokenizer.chat_template")
        bos = self._text(self._api.llama_vocab_bos(self._vocab))
        self._template = ChatTemplate(
            template if isinstance(template, str) else None,
            bos=bos if template or self._api.llama_vocab_get_add_bos(self._vocab) else "",
            eos=self._text(self._api.llama_vocab_eos(self._vocab)),
            markers=self._markers(),
        )

    def render(self, messages: Sequence[Message]) -> str:
        """The exact prompt, in the model's own template."""
        return self._template(messages)

    def tokens(self, text: str) -> list[int]:
        """A text's tokens, special ones read as such; none is added."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 16
        with self._lock:
            self._check_open()
            buffer = (self._api.llama_token * room)()
            count = self._api.llama_tokenize(self._vocab, data, len(data), buffer, room, False, True)
        return list(buffer[: max(count, 0)])

    def piece(self, token: int) -> bytes:
        """A token's bytes; none for a control token. May hold part of a character."""
        buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
        with self._lock:
            self._check_open()
            length = self._api.llama_token_to_piece(self._vocab, token, buffer, _LONGEST_PIECE, 0, False)
        return buffer.raw[: max(length, 0)]

    def ends(self, token: int) -> bool:
        """Whether the answer ends with this token."""
        with self._lock:
            self._check_open()
            return bool(self._api.llama_vocab_is_eog(self._vocab, token))

    def close(self) -> None:
        with self._lock:
            if self._model:
                self._api.llama_model_free(self._model)
            self._model = None

    def _check_open(self) -> None:
        if not self._model:
            raise ModelError("The chat model was closed. Choose it again to load it anew.")

    def _text(self, token: int) -> str:
        if token < 0:
            return ""
        text: bytes = self._api.llama_vocab_get_text(self._vocab, token)
        return text.decode("utf-8", "replace")

    def _markers(self) -> set[str]:
        """The texts that would be read as control tokens."""
        get = self._api.llama_vocab_get_attr
        count = self._api.llama_vocab_n_tokens(self._vocab)
        control = (token for token in range(count) if get(self._vocab, token) & _CONTROL_OR_UNKNOWN)
        return {self._text(token) for token in control}
