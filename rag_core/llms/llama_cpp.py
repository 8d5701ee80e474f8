"""A GGUF chat model run by llama-cpp-python. One thread owns the model; requests queue for it.

Closing a stream stops the computation at the next step of it, inside prompt evaluation too. What two prompts have in
common at their start is evaluated once. Knows nothing of passages or how a prompt is made.
"""

import codecs
import ctypes
import os
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ..errors import ModelError, QueryError
from ..settings import AnswerSettings, ModelSettings
from ..types import Message
from .gguf import check_chat
from .runtime import runtime
from .vocabulary import Vocabulary

_PATIENCE = 0.2  # seconds until a waiting stream gives an empty piece, so that whoever reads it can stop it
# Prompt tokens evaluated at once. Only whole batches of an earlier prompt are reused: results differ a little with the
# size of a batch, and so the same prompt, settings and seed give the same answer whatever was asked before.
_BATCH = 64


class _Run:
    """One answer being made: where its pieces go, and the flag that ends it."""

    def __init__(self, tokens: list[int], settings: AnswerSettings, limit: int) -> None:
        self.tokens = tokens
        self.settings = settings
        self.limit = limit
        self.pieces: SimpleQueue[str | None] = SimpleQueue()
        self.flag = ctypes.create_string_buffer(2)  # empty: go on; one character: stop

    def next_piece(self) -> str | None:
        """The next piece, "" if none comes for a moment, None at the end."""
        try:
            return self.pieces.get(timeout=_PATIENCE)
        except Empty:
            return ""

    def abort(self) -> None:
        self.flag[0] = b"x"

    @property
    def aborted(self) -> bool:
        return self.flag.value != b""


class LlamaCpp:
    """A chat model from a GGUF file. The file is checked at once, loaded when first asked. Safe in several threads."""

    def __init__(self, path: Path, settings: ModelSettings, name: str = "") -> None:
        """ModelError if the file is missing, damaged or not a chat model."""
        self._path = path
        self._settings = settings
        self._header = check_chat(path)
        self.name = name or path.stem
        self.context = min(settings.n_ctx, self._header.context or settings.n_ctx)
        self.parameters = self._header.parameters
        self._lock = threading.Lock()
        self._vocabulary: Vocabulary | None = None
        self._llama: Any = None
        self._evaluated: list[int] = []  # the prompt before
        self._run: _Run | None = None  # llama.cpp holds a pointer into it
        self._closed = False
        self._owner = ThreadPoolExecutor(1, thread_name_prefix="chat-model")

    def render(self, messages: Sequence[Message]) -> str:
        """The exact prompt; control markers in the messages are broken by a zero-width joiner."""
        return self._words().render(messages)

    def count(self, text: str) -> int:
        """Tokens of a text, special ones read as such."""
        return len(self._words().tokens(text))

    def stream(self, prompt: str, settings: AnswerSettings) -> Generator[str, None, str]:
        """Pieces of the answer, whole characters only, empty ones while it is waited for; returns "stop" or "length".

        QueryError if the prompt leaves no room in the context, ModelError if the model cannot be loaded or fails.
        """
        tokens = self._words().tokens(prompt)
        room = self.context - len(tokens)
        if room < 1 or not tokens:
            raise QueryError(
                f"The prompt has {len(tokens):,} tokens and {self.name} reads {self.context:,} with the answer. "
                "Ask a shorter question or hand over fewer passages."
            )
        run = _Run(tokens, settings, min(settings.max_tokens, room))
        try:
            work = self._owner.submit(self._answer, run)
        except RuntimeError:
            raise _closed(self.name) from None
        work.add_done_callback(lambda _: run.pieces.put(None))
        try:
            while (piece := run.next_piece()) is not None:
                yield piece
            return work.result()
        except CancelledError:
            raise _closed(self.name) from None
        finally:
            run.abort()

    def close(self) -> None:
        """Stop what is running and free the memory. Streams that wait end with a ModelError."""
        with self._lock:
            self._closed = True
            run, vocabulary = self._run, self._vocabulary
        if run is not None:
            run.abort()
        self._owner.shutdown(wait=True, cancel_futures=True)
        if self._llama is not None:
            self._llama.close()
            self._llama = None
        if vocabulary is not None:
            vocabulary.close()

    def _words(self) -> Vocabulary:
        with self._lock:
            if self._closed:
                raise _closed(self.name)
            if self._vocabulary is None:
                self._vocabulary = Vocabulary(self._path, self._header)
            return self._vocabulary

    def _answer(self, run: _Run) -> str:
        """On the owner thread: make one answer. The finish reason."""
        with self._lock:
            if self._closed or run.aborted:
                raise _closed(self.name)
            self._run = run
        llama = self._loaded()
        api = runtime().api
        api.llama_set_abort_callback(llama.ctx, runtime().is_set, ctypes.cast(run.flag, ctypes.c_void_p))
        try:
            return self._sample(llama, run)
        except RuntimeError as error:
            if api.llama_model_is_recurrent(llama.model) or api.llama_model_is_hybrid(llama.model):
                llama.reset()  # such a state cannot be rolled back to before the failed step
            if run.aborted:
                raise _closed(self.name) from None  # or the reader is gone and nobody hears of it
            llama.reset()
            raise ModelError(
                f"{self.name} stopped with an error ({error}). Ask again, or choose a smaller model or context."
            ) from None

    def _sample(self, llama: Any, run: _Run) -> str:
        words = self._words()
        settings = run.settings
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        llama.set_seed(settings.seed)
        self._keep_common_start(llama, run.tokens)
        tokens = llama.generate(
            run.tokens, temp=settings.temperature, top_p=settings.top_p, repeat_penalty=settings.repeat_penalty
        )
        for made, token in enumerate(tokens, 1):
            if run.aborted:
                raise _closed(self.name)
            if words.ends(token):
                break
            if piece := decoder.decode(words.piece(token)):
                run.pieces.put(piece)
            if made == run.limit:
                return "length"
        return "stop"

    def _keep_common_start(self, llama: Any, tokens: list[int]) -> None:
        """Forget what was evaluated beyond the last whole batch that this prompt shares with the one before."""
        pairs = zip(self._evaluated, tokens[:-1], strict=False)
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        llama.n_tokens = min(llama.n_tokens, common // _BATCH * _BATCH)
        self._evaluated = tokens

    def _loaded(self) -> Any:
        if self._llama is None:
            threads = self._settings.threads or max(1, (os.cpu_count() or 1) // 2)
            try:
                self._llama = runtime().api.Llama(
                    str(self._path),
                    n_ctx=self.context,
                    n_batch=_BATCH,
                    n_gpu_layers=self._settings.n_gpu_layers,
                    n_threads=threads,
                    n_threads_batch=threads,
                    verbose=False,
                )
            except (ValueError, RuntimeError, MemoryError, OSError) as error:
                raise ModelError(
                    f"{self._path.name} cannot be loaded ({error}). It may need more memory than is free: "
                    f"lower n_ctx (now {self.context:,}) or choose a smaller model."
                ) from None
        return self._llama


def _closed(name: str) -> ModelError:
    return ModelError(f"The chat model {name} was closed. Choose it again to load it anew.")
