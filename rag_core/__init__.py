"""RAGscope's core: documents, cuts, vectors, search, answers. Importing it loads nothing heavy.

from rag_core import Workbench
bench = Workbench()
bench.build("furniture", ["examples/furniture"])
for hit in bench.search("furniture", "a fireplace for the wall"):
    print(hit.rank, hit.score, hit.document, hit.text)
"""

from .errors import (
    Cancelled,
    IndexMismatch,
    IndexMissing,
    LoadError,
    ModelError,
    QueryError,
    RagError,
    SettingError,
    StoreError,
)
from .settings import AnswerSettings, ChunkSettings, ModelSettings, SearchSettings
from .types import Answer, BuildReport, Chunk, Citation, Document, Hit, Message, Progress, Prompt, Skipped
from .workbench import Workbench

__all__ = [
    "Answer",
    "AnswerSettings",
    "BuildReport",
    "Cancelled",
    "Chunk",
    "ChunkSettings",
    "Citation",
    "Document",
    "Hit",
    "IndexMismatch",
    "IndexMissing",
    "LoadError",
    "Message",
    "ModelError",
    "ModelSettings",
    "Progress",
    "Prompt",
    "QueryError",
    "RagError",
    "SearchSettings",
    "SettingError",
    "Skipped",
    "StoreError",
    "Workbench",
]
