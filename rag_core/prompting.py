"""Hits → Prompt: numbered passages and a question under the token budget of a model's context.

Room is given in this order: the question, the answer, the chat before it (at most a quarter of the window), the
passages from the best one down. What does not fit is listed with the reason. Knows nothing of search or sampling.
"""

import re
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from .errors import QueryError
from .protocols import LanguageModel
from .settings import AnswerSettings
from .types import Dropped, Hit, Message, Prompt, PromptTokens

SYSTEM = (
    "Answer the question from the numbered passages only. If they do not contain the answer, say so. "
    "Cite the passage you used like [1]. Answer in the language of the question."
)
_ANSWER_SHARE = 3  # the answer gets at most a third of the window
_HISTORY_SHARE = 4  # the chat before it at most a quarter
# Measured with 135 M parameters: right on 5 of 14 questions from three passages, on 9 from one, on 13 from one with
# fewer words around it. Words that are no question it only understood as part of one.
_TINY_MODEL, _TINY_MODEL_PASSAGES = 300_000_000, 1
_SMALL_MODEL, _SMALL_MODEL_PASSAGES = 1_000_000_000, 3
TINY_SYSTEM = "Answer the question with the facts in the text. If they do not answer it, say so."
_ASKS = re.compile(
    r"[?？]|[^\W\x00-\x7f]|^(?:who|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|has|have|"
    r"should|tell|list|name|give|show|find|explain|describe|compare|summari[sz]e)\b",
    re.IGNORECASE,
)


@runtime_checkable
class Sized(Protocol):
    """A model that says how large it is."""

    @property
    def parameters(self) -> int: ...


def passages_for(model: LanguageModel) -> int | None:
    """The most passages this model answers well from; None: as many as fit."""
    if _below(model, _TINY_MODEL):
        return _TINY_MODEL_PASSAGES
    return _SMALL_MODEL_PASSAGES if _below(model, _SMALL_MODEL) else None


def _below(model: LanguageModel, parameters: int) -> bool:
    return isinstance(model, Sized) and 0 < model.parameters < parameters


def build_prompt(
    question: str, hits: Sequence[Hit], model: LanguageModel, answer: AnswerSettings, history: Sequence[Message] = ()
) -> Prompt:
    """The prompt for a question. QueryError, with both numbers, if the question alone does not fit."""
    return _Builder(question, model, answer).build(hits, history)


class _Builder:
    def __init__(self, question: str, model: LanguageModel, answer: AnswerSettings) -> None:
        self.question = question
        self.model = model
        self.kept_for_answer = min(answer.max_tokens, model.context // _ANSWER_SHARE)
        self.room = model.context - self.kept_for_answer

    def build(self, hits: Sequence[Hit], history: Sequence[Message]) -> Prompt:
        bare = self._count([], ())
        if bare > self.room:
            raise QueryError(
                f"The question takes {bare:,} tokens and {self.model.name} has room for {self.room:,}. "
                "Ask a shorter question or choose a model with a larger context."
            )
        kept = self._history(history, min(self.model.context // _HISTORY_SHARE, self.room - bare))
        candidates, dropped = self._candidates(hits)
        left = self.room - self._count([], kept)
        used = self._fitting(candidates, kept, left)
        dropped += [Dropped(hit, self._too_long(hit, left)) for hit in candidates[len(used) :]]
        return self._prompt(used, kept, sorted(dropped, key=lambda item: item.hit.rank))

    def _history(self, history: Sequence[Message], room: int) -> tuple[Message, ...]:
        """The newest messages that fit, beginning with a question."""
        kept: list[Message] = []
        for message in reversed(history):
            room -= self.model.count(message.content)
            if room < 0:
                break
            kept.insert(0, message)
        while kept and kept[0].role != "user":
            kept.pop(0)
        while kept and self._count([], kept) > self.room:  # the template's own words around each message
            kept = kept[2:]
        return tuple(kept)

    def _candidates(self, hits: Sequence[Hit]) -> tuple[list[Hit], list[Dropped]]:
        """Hits worth handing over: each text once, and not more than suits the model."""
        most = passages_for(self.model)
        first: dict[str, int] = {}
        candidates: list[Hit] = []
        dropped: list[Dropped] = []
        for hit in hits:
            text = hit.text.strip()
            if text in first:
                dropped.append(Dropped(hit, f"The same text as passage {first[text]}."))
            elif most is not None and len(candidates) >= most:
                dropped.append(
                    Dropped(hit, f"{self.model.name} is small and answers best from {most} passage{'s' * (most > 1)}.")
                )
            else:
                candidates.append(hit)
                first[text] = len(candidates)
        return candidates, dropped

    def _fitting(self, candidates: Sequence[Hit], history: Sequence[Message], left: int) -> list[Hit]:
        used: list[Hit] = []
        for number, hit in enumerate(candidates, 1):
            left -= self.model.count(_passage(number, hit))
            if left < 0:
                break
            used.append(hit)
        while used and self._count(used, history) > self.room:  # tokens can differ a little where passages meet
            used.pop()
        return used

    def _too_long(self, hit: Hit, left: int) -> str:
        return (
            f"No room: it takes {self.model.count(hit.text):,} tokens. All passages together have {left:,} of the "
            f"{self.model.context:,} that {self.model.name} reads; {self.kept_for_answer:,} are kept for the answer."
        )

    def _prompt(self, used: Sequence[Hit], history: Sequence[Message], dropped: Sequence[Dropped]) -> Prompt:
        messages = self._messages(used, history)
        text = self.model.render(messages)
        total = self.model.count(text)
        passages = self.model.count(_passages(used)) if used else 0
        question = self.model.count(self.question)
        before = sum(self.model.count(message.content) for message in history)
        system = total - passages - question - before
        if system < 0:  # only where pieces counted apart come to more than the whole
            passages, system = passages + system, 0
        tokens = PromptTokens(system, passages, before, question, self.kept_for_answer, self.model.context)
        return Prompt(tuple(messages), text, tokens, tuple(used), tuple(dropped))

    def _messages(self, used: Sequence[Hit], history: Sequence[Message]) -> list[Message]:
        asked = f"{_passages(used)}\n\nQuestion: {self.question}" if used else f"Question: {self.question}"
        if not _below(self.model, _TINY_MODEL):
            return [Message("system", SYSTEM), *history, Message("user", asked)]
        if not _ASKS.search(self.question):
            asked = f'{_passages(used)}\n\nQuestion: What does the text say about "{self.question}"?'
        return [Message("system", TINY_SYSTEM), *history, Message("user", f"{asked.strip()}\nAnswer:")]

    def _count(self, used: Sequence[Hit], history: Sequence[Message]) -> int:
        return self.model.count(self.model.render(self._messages(used, history)))


def _passages(hits: Sequence[Hit]) -> str:
    return "\n\n".join(_passage(number, hit) for number, hit in enumerate(hits, 1))


def _passage(number: int, hit: Hit) -> str:
    name = " ".join(hit.document.split())
    return f"[{number}] {name}\n<<<\n{hit.text.strip()}\n>>>"
