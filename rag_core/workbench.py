"""The one facade that page, REST and shell share: a Library that answers questions.

Composes the walk from the other modules. Knows nothing of gradio, HTTP or argv. Safe to use from several threads.
"""

import builtins
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from .answering import answer as stream_answer
from .building import Watch
from .corpora import UNREAD_WEIGHT
from .doctor import Check, examine
from .errors import ModelError
from .evaluating import Question, Report, evaluate, read_questions
from .explaining import WhyNot, why_not
from .library import Library, watching
from .models import list_models
from .overview import ChunkStatistics, Match, Projection, chunk_statistics, heat, match, projection, run_of
from .prompting import build_prompt
from .protocols import OnProgress, ShouldStop
from .recipes import EMBEDS_CHUNKS, NEEDS_NO_VECTORS, Asked
from .searching import UNRELATED_QUESTIONS, Ranking, checked_query, rank
from .settings import MODES, AnswerSettings, ChunkSettings, SearchSettings
from .types import (
    Answer,
    Heat,
    Hit,
    Message,
    ModelInfo,
    Progress,
    Prompt,
    Run,
)


class Workbench(Library):
    """Folders of indices and models, opened: build, search, look closer, measure, ask."""

    # ---- search and answers -----------------------------------------------------------------------------------

    def rank(
        self,
        name: str,
        query: str,
        settings: SearchSettings | None = None,
        *,
        progress: OnProgress | None = None,
        cancel: ShouldStop | None = None,
    ) -> Ranking:
        """Every chunk in order of score; chunks without a vector are embedded first. `Ranking.hits(k)` cuts it."""
        query, settings = checked_query(query), settings or SearchSettings()
        corpus = self._corpora.corpus(name)
        partition = corpus.partition(settings.chunking(corpus.state.defaults))
        if settings.mode in NEEDS_NO_VECTORS:
            return rank(Asked(query, None, corpus, partition, settings), 0.0)
        chunks = partition if settings.mode in EMBEDS_CHUNKS else None
        self._corpora.fill_in(name, corpus, chunks, watching(progress, cancel))
        vector = self._corpora.query_vector(query)
        if not self._corpora.reads(query):
            weight = min(settings.weight, UNREAD_WEIGHT)
            asked = Asked(query, vector, corpus, partition, replace(settings, weight=weight))
            return rank(asked, 0.0, self._corpora.unread_note(settings, weight))
        level = self._corpora.unrelated_level(name, corpus, chunks)
        return rank(Asked(query, vector, corpus, partition, settings), level)

    def search(self, name: str, query: str, settings: SearchSettings | None = None) -> builtins.list[Hit]:
        """The best passages for a question, best first."""
        return self.rank(name, query, settings).hits()

    def prompt(
        self,
        name: str,
        query: str,
        settings: SearchSettings | None = None,
        answer: AnswerSettings | None = None,
        *,
        history: Sequence[Message] = (),
    ) -> Prompt:
        """Exactly what the chat model would get. ModelError without one."""
        model, reason = self._engines.chat()
        if model is None:
            raise ModelError(reason)
        ranking = self.rank(name, query, settings)
        return build_prompt(ranking.query, ranking.hits(), model, answer or AnswerSettings(), history)

    def ask(
        self,
        name: str,
        query: str,
        settings: SearchSettings | None = None,
        answer: AnswerSettings | None = None,
        *,
        history: Sequence[Message] = (),
    ) -> Iterator[Answer]:
        """An answer as growing snapshots; the last has a finish reason. Closing the iterator stops the model.

        Nothing relevant found: a sentence that says so. No model that runs: the passages' own sentences.
        """
        ranking = self.rank(name, query, settings)
        model, reason = self._engines.chat_for(query) if ranking.found else (None, "")
        yield from stream_answer(
            ranking.query,
            ranking.hits(),
            ranking.found,
            ranking.nearest,
            model,
            reason,
            answer or AnswerSettings(),
            history,
        )

    # ---- looking closer ---------------------------------------------------------------------------------------

    def heat(self, ranking: Ranking, document_name: str) -> Heat:
        """The field of a search over one document."""
        return heat(ranking, document_name)

    def match(self, name: str, ranking: Ranking) -> Match:
        """Is the match real: how the search's cosines lie against those of unrelated questions."""
        return match(ranking, self._corpora.unrelated_cosines(ranking.corpus))

    def statistics(self, name: str, settings: ChunkSettings | None = None) -> ChunkStatistics:
        """The chunks of a cut in figures."""
        corpus, chunking = self._corpora.cut(name, settings)
        return chunk_statistics(corpus, corpus.partition(chunking), self._engines.embedder().max_tokens)

    def projection(self, name: str, ranking: Ranking | None = None) -> Projection:
        """All units on a plane, with the question of a search among them."""
        corpus = self._corpora.corpus(name)
        self._corpora.fill_in(name, corpus, None, Watch())
        return projection(corpus, ranking.asked.vector if ranking else None)

    def why_not(self, name: str, ranking: Ranking, document_name: str, start: int, end: int) -> WhyNot:
        """Why a stretch of a document is not among the hits, and which single change would bring it in."""
        ranking.corpus.state.document(document_name)
        embedded = not ranking.corpus.missing_chunks(ranking.asked.partition)
        modes = [mode for mode in MODES if embedded or mode not in EMBEDS_CHUNKS]
        return why_not(ranking, document_name, start, end, lambda s: self.rank(name, ranking.query, s), modes)

    def record(self, name: str, ranking: Ranking) -> None:
        """Keep a search in the index's film strip."""
        self._shelf.open(name).add_run(asdict(run_of(ranking)))

    def runs(self, name: str) -> builtins.list[Run]:
        """The searches that were kept, newest first."""
        return [Run(**run) for run in self._shelf.open(name).runs()]

    # ---- measuring --------------------------------------------------------------------------------------------

    def evaluate(
        self,
        name: str,
        questions: Sequence[Question] | Path | str,
        settings: SearchSettings | None = None,
        *,
        progress: OnProgress | None = None,
        cancel: ShouldStop | None = None,
    ) -> Report:
        """How well an index answers questions with known answers (a file of them, or read). IndexMissing, LoadError."""
        known = read_questions(Path(questions)) if isinstance(questions, (str, Path)) else questions
        settings = settings or SearchSettings()
        state = self.open(name).state
        for question in known:
            state.document(question.document)
        watch = watching(progress, cancel)

        def hits(query: str) -> Iterator[Hit]:
            ranking = self.rank(name, query, settings)
            return ranking.each()

        def check(done: int) -> None:
            watch.check()
            watch.progress(Progress("asking", done, len(known)))

        return evaluate(known, hits, settings.top_k, check)

    # ---- models -----------------------------------------------------------------------------------------------

    def models(self) -> builtins.list[ModelInfo]:
        """Models in models/ and those that came with the install."""
        return list_models(self.models_folder)

    def chat_model(self) -> ModelInfo | None:
        """The model answers would come from, without loading it."""
        return self._engines.chat_info()

    @property
    def context(self) -> int:
        """Tokens that the chat model reads at once, as far as is known without loading it."""
        return self._engines.context

    def choose_chat(self, name: str | None) -> None:
        """Answer with another model from now on; None for the first that is found."""
        self._engines.choose_chat(name)

    def doctor(self) -> builtins.list[Check]:
        """What an answer needs, part by part, with what to do where something is missing."""
        return list(examine(self.indices, self._engines))

    def warm(self) -> None:
        """Load what the first question needs, so that it is quick."""
        self._corpora.query_vector(UNRELATED_QUESTIONS[0])
        self._engines.chat()
