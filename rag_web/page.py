"""The page: where its parts stand and which event goes to which handler.

Knows nothing of REST, of the share tunnel or of the command line.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

from rag_core import Workbench

from .handlers import Handlers
from .session import Session
from .sidebar import Sidebar
from .starting import Starter
from .tabs.chat import ChatTab
from .tabs.inspect import InspectTab
from .tabs.upload import UploadTab
from .views import frame
from .widgets import FOLDER, Updates, handler, html, script

_SANS = (
    "Pretendard Variable, Pretendard, Noto Sans KR, Noto Sans CJK KR, Apple SD Gothic Neo, Malgun Gothic, "
    "system-ui, sans-serif"
)
_MONO = "ui-monospace, SF Mono, Cascadia Mono, Consolas, Noto Sans Mono CJK KR, DejaVu Sans Mono, monospace"


def build_page(bench: Workbench, share: frame.Share) -> "Page":
    """The page of one Workbench, not launched yet. Launch it with `launch_options()`."""
    return Page(bench, share)


def launch_options() -> dict[str, Any]:
    """Theme, styles and scripts: in gradio 6 these are arguments of `launch`.

    The styles go into the head as they are: gradio would write those of `css` anew below a class of its own, media
    queries included, which then match nothing outside it.
    """
    styles = script("tokens.css") + script("page.css")
    fonts = {"font": _SANS, "font_mono": _MONO}
    return {
        "theme": gr.themes.Base(
            **{name: [gr.themes.Font(font) for font in fonts[name].split(", ")] for name in fonts}  # type: ignore[arg-type]
        ),
        "head": f"<style>{styles}</style><script>{script('page.js')}</script>",
        "favicon_path": FOLDER / "favicon.svg",
        "footer_links": [],
    }


class Page(gr.Blocks):
    """Blocks that begin the background work as soon as they are served."""

    def __init__(self, bench: Workbench, share: frame.Share) -> None:
        super().__init__(title="RAGscope", fill_width=True, analytics_enabled=False, delete_cache=(3600, 86400))
        self._share = share
        self.starter = Starter(bench)
        with self:
            self._do = self._lay_out(bench)
            self._wire_start()
            self._wire_knobs()
            self._wire_upload()
            self._wire_inspect()
            self._wire_chat()

    def launch(self, *args: Any, **kwargs: Any) -> Any:
        """As Blocks.launch; once the server answers, the sample and the models are made ready."""
        result = super().launch(*args, **kwargs)
        self.starter.begin()
        return result

    def _lay_out(self, bench: Workbench) -> Handlers:
        self._session = gr.State(Session())
        html(frame.brand(), classes="rs-brandbox")
        self._link = html(frame.share(self._share), classes="rs-sharebox")
        side = Sidebar(bench)
        knobline = html(classes="rs-knoblinebox")
        welcome = html(elem_id="welcome")
        with gr.Tabs(elem_id="tabs", selected="inspect") as tabs:
            with gr.Tab("1 Upload", id="upload", elem_classes="rs-page", render_children=True):
                upload = UploadTab(bench)
            with gr.Tab("2 Inspect", id="inspect", elem_classes="rs-page", render_children=True):
                inspect = InspectTab(bench)
            with gr.Tab("3 Chat", id="chat", elem_classes="rs-page", render_children=True):
                chat = ChatTab(bench)
        return Handlers(bench, self.starter, side, upload, inspect, chat, tabs, knobline, welcome)

    def _on(self, event: Callable[..., Any], answer: Callable[..., Any], *inputs: Any, **options: Any) -> Any:
        """Wire `answer(now, *inputs)` to an event, whose handlers then run as they come, without gradio's overlay."""
        outputs = options.pop("outputs", None) or self._do.everything()
        return event(
            handler(answer, outputs, options.pop("with_event", False)),
            [self._session, *self._do.side.knobs, *inputs],
            outputs,
            show_progress="hidden",
            api_visibility="private",
            **{"concurrency_limit": None, **options},
        )

    def _clicked(self, event: Callable[..., Any], answer: Callable[..., Any], **options: Any) -> Any:
        """Wire `answer(now, data)` to a button inside HTML."""
        return self._on(event, answer, with_event=True, **options)

    def _then_refresh(self, event: Any) -> None:
        self._on(event.then, self._do.refresh)

    # ---- events -----------------------------------------------------------------------------------------------

    def _wire_start(self) -> None:
        do = self._do

        def arrive(
            session: Session, index: Any, size: Any, overlap: Any, top_k: Any, weight: Any, mode: Any,
            request: gr.Request,
        ) -> Iterator[Updates]:  # fmt: skip
            safe = handler(do.open, do.everything())
            yield from safe(session, index, size, overlap, top_k, weight, mode, dict(request.query_params))

        opened = self.load(
            arrive,
            [self._session, *do.side.knobs],
            do.everything(),
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=None,
        )
        self._then_refresh(opened)
        if self._share.status != "local":
            gr.Timer(2.0).tick(
                partial(frame.share, self._share), None, self._link, show_progress="hidden", api_visibility="private"
            )

    def _wire_knobs(self) -> None:
        do, side, live = self._do, self._do.side, self._do.live()
        self._then_refresh(self._on(side.index.input, do.choose))
        for slider in (side.chunk_size, side.chunk_overlap):
            self._on(slider.input, do.recut, trigger_mode="always_last", outputs=live)
        self._on(side.top_k.input, do.cut_hits, trigger_mode="always_last", outputs=live)
        self._on(side.weight.input, do.rescore, trigger_mode="always_last", outputs=live)
        self._then_refresh(self._on(side.mode.input, do.rescore, trigger_mode="always_last", outputs=live))
        self._on(side.say.settled, do.settle, trigger_mode="always_last")
        self._on(side.make_default.click, do.make_default)
        self._then_refresh(self._on(side.put_back.click, do.put_back))
        self._then_refresh(self._clicked(side.say.fix, do.fix))

    def _wire_upload(self) -> None:
        do, upload = self._do, self._do.upload
        self._then_refresh(self._on(upload.files.upload, do.build, upload.files))
        self._clicked(upload.status.cancel, do.cancel)
        self._clicked(upload.head.new, do.new)
        named = partial(gr.on, [upload.create.click, upload.name.submit])
        self._then_refresh(self._on(named, do.create, upload.name))
        self._clicked(upload.table.show, do.show_document, trigger_mode="always_last")
        self._clicked(upload.table.all, do.show_all)
        self._then_refresh(self._clicked(upload.table.remove, do.remove))

    def _wire_inspect(self) -> None:
        do, inspect = self._do, self._do.inspect
        asked = partial(gr.on, [inspect.question.submit, inspect.search_button.click])
        self._on(asked, do.search, inspect.question)
        self._clicked(inspect.hits.pick, do.pick, trigger_mode="always_last")
        self._clicked(inspect.viewer.pick, do.pick, trigger_mode="always_last")
        self._clicked(inspect.hits.anyway, do.anyway)
        self._clicked(inspect.hits.example, do.try_example)
        self._clicked(inspect.found.embed, do.embed)
        self._clicked(inspect.found.cancel, do.cancel)
        self._clicked(inspect.viewer.why, do.explain, trigger_mode="always_last")
        self._clicked(inspect.why.panel.close, do.close_why)
        self._clicked(inspect.why.panel.pick, do.pick, trigger_mode="always_last")
        self._then_refresh(self._clicked(inspect.why.panel.bring_in, do.bring_in))
        self._on(self._clicked(inspect.strip.film.again, do.go_back).then, do.show_again)
        self._clicked(inspect.figures.plane.draw, do.draw, trigger_mode="always_last")
        self._clicked(inspect.figures.plane.open, do.open_place, trigger_mode="always_last")
        self._on(inspect.document.input, do.open_document, inspect.document, trigger_mode="always_last")

    def _wire_chat(self) -> None:
        do, chat = self._do, self._do.chat
        model = {"concurrency_limit": 1, "concurrency_id": "llm", "outputs": chat.outputs}
        self._on(chat.message.submit, do.ask, chat.message, **model)
        self._clicked(chat.talk.retry, do.retry, **model)
        # not `cancels=`: that would drop the last picture of the answer, or let an older one arrive after it
        self._on(chat.message.stop, do.stop, queue=False, outputs=chat.outputs)
        self._clicked(chat.talk.clear, do.clear, outputs=chat.outputs)
        self._clicked(chat.used.open, do.open_passage)
