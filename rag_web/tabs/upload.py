"""1 Upload: files in, what was read, how it will be cut. Knows nothing of the other tabs."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from rag_core import Workbench
from rag_core.errors import RagError
from rag_core.types import BuildReport

from ..session import Job
from ..starting import SAMPLE, sample_folders
from ..views import cells, codes, upload
from ..widgets import Now, Updates, html

_DROP = """
<div class="rs-drop" aria-hidden="true"><span>Drop files here, or <u>choose them</u></span><small>
Text, Markdown, PDF, Word, Excel, CSV, JSON, HTML, e-mail. Up to 200 MB each. They stay on this computer.</small></div>
"""


class UploadTab:
    """Components and what they show. `outputs` is everything `show` may change."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        with gr.Column(elem_classes="rs-cell"):
            self.head = html(acts=("new",))
            with gr.Row(visible=False, elem_classes="rs-newrow") as self.new_row:
                self.name = gr.Textbox(
                    show_label=False,
                    label="Name of the new index",
                    placeholder="Name, for example contracts",
                    elem_id="new_name",
                    container=False,
                    scale=1,
                )
                self.create = gr.Button("Create", variant="primary", elem_id="create", scale=0, min_width=96)
            with gr.Column(elem_classes="rs-dropwrap"):
                gr.HTML(_DROP, elem_classes="rs-html", apply_default_css=False)
                self.files = gr.File(
                    file_count="multiple", show_label=False, label="Files to add", elem_id="file", height=96
                )
            self.status = html(acts=("cancel",), elem_id="upload_status")
        with gr.Column(elem_classes="rs-cell rs-ruled"):
            self.table_head = html()
            self.table = html(acts=("show", "remove", "all"), elem_id="documents")
        with gr.Column(elem_classes="rs-cell rs-ruled"):
            self.cuts_head = html()
            self.cuts = html(elem_id="cuts")

    @property
    def outputs(self) -> list[Any]:
        """What the methods below change."""
        shown = [self.head, self.table_head, self.table, self.cuts_head, self.cuts]
        return [*shown, self.status, self.files, self.new_row, self.name]

    def place(self, index: str) -> codes.Place:
        """Where the folds' code works."""
        return codes.Place(self._bench.indices, self._bench.models_folder, index)

    def show(self, now: Now) -> Updates:
        """Everything on the tab, at these settings."""
        place, session = self.place(now.index), now.session
        sample = [codes.shown(folder) for folder in sample_folders()] if now.index == SAMPLE else []
        code = codes.build(place, session.paths or sample)
        updates: Updates = {self.head: cells.head(1, "Add files", upload.destination(now.index), code)}
        try:
            rows = self._bench.documents(now.index, now.shown) if now.index else []
        except RagError as error:
            return {**updates, self.table: cells.error(str(error)), self.cuts: ""}
        if not any(row.name == session.shown for row in rows):
            session.shown = rows[0].name if rows else ""
        note = upload.table_note(rows, session.all_rows)
        code = codes.documents(place, now.shown) if rows else ""
        updates[self.table_head] = cells.head(2, "What was read", note, code)
        updates[self.table] = upload.table(rows, session.shown, session.all_rows, now.index)
        return {**updates, **self.show_cuts(now)}

    def show_cuts(self, now: Now) -> Updates:
        """The preview of the chosen document alone; quick enough for every step of a slider."""
        index, name, settings = now.index, now.session.shown, now.shown
        if not index or not name:
            return {self.cuts_head: cells.head(3, "How it will be cut"), self.cuts: upload.no_cuts()}
        plain = replace(settings, chunk_overlap=0)  # with overlap, tokens would be counted twice
        try:
            document = self._bench.document(index, name)
            chunks = self._bench.chunks(index, name, settings)
            tokens = sum(chunk.tokens for chunk in self._bench.chunks(index, name, plain))
        except RagError as error:
            return {self.cuts: cells.error(str(error))}
        note = upload.cuts_note(name, len(chunks), settings)
        code = codes.cuts(self.place(index), name, settings)
        return {
            self.cuts_head: cells.head(3, "How it will be cut", note, code),
            self.cuts: upload.cuts(document, chunks) + upload.legend(document, tokens),
        }

    def build(self, now: Now, index: str, paths: list[str]) -> Iterator[Updates]:
        """Add dropped files, with progress; the last updates say what was done."""
        session = now.session
        chosen = now.shown if self._is_empty(index) else None  # a new index begins with the sliders' settings
        job: Job[BuildReport] = Job(
            lambda progress, cancel: self._bench.build(index, paths, chosen, progress=progress, cancel=cancel)
        )
        session.job, session.paths = job, tuple(Path(path).name for path in paths)
        begin, kept = "Reading the files", "What is embedded is kept if you cancel."
        for step in job.steps():
            yield {self.status: cells.progress(step, begin, kept), self.files: None}
        session.job = None
        try:
            report = job.result()
        except RagError as error:
            yield {self.status: cells.error(str(error)), self.files: None}
            return
        newest = [*report.added, *report.replaced, *report.unchanged]
        session.shown = newest[-1] if newest else session.shown
        yield {self.status: upload.outcome(report), self.files: None}

    def _is_empty(self, index: str) -> bool:
        return all(info.name != index or info.documents == 0 for info in self._bench.list())

    def create_index(self, name: str) -> Updates:
        """A new, empty index; or why there is none."""
        try:
            self._bench.create(name)
        except RagError as error:
            return {self.status: cells.error(str(error))}
        return {self.status: "", self.new_row: gr.update(visible=False), self.name: ""}

    def remove(self, index: str, document: str) -> Updates:
        """Take a document out of the index."""
        try:
            self._bench.remove(index, document)
        except RagError as error:
            return {self.status: cells.error(str(error))}
        return {self.status: upload.removed(document)}
