"""Which loader reads which file: one table by suffix.

The only place that knows all loaders. Whoever wants them to run elsewhere (in a child process, with limits) wraps the
entries of this table: a loader takes a name and bytes, gives a Document, and touches nothing else.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..errors import LoadError
from ..protocols import Loader
from ..types import Document
from .common import MAX_BYTES, suffix_of
from .data import JsonLinesLoader, JsonLoader, TableLoader
from .html import HtmlLoader
from .mail import MailLoader
from .office import ExcelLoader, WordLoader
from .pdf import PdfLoader
from .text import MarkdownLoader, TextLoader

LOADERS: Mapping[str, Loader] = MappingProxyType(
    {
        ".txt": TextLoader(),
        ".text": TextLoader(),
        ".log": TextLoader(),
        ".rst": TextLoader("text/x-rst"),
        ".md": MarkdownLoader(),
        ".markdown": MarkdownLoader(),
        ".json": JsonLoader(),
        ".jsonl": JsonLinesLoader(),
        ".csv": TableLoader(",;\t|", "text/csv"),
        ".tsv": TableLoader("\t,;|", "text/tab-separated-values"),
        ".html": HtmlLoader(),
        ".htm": HtmlLoader(),
        ".pdf": PdfLoader(),
        ".docx": WordLoader(),
        ".xlsx": ExcelLoader(),
        ".eml": MailLoader(),
    }
)
SUFFIXES: tuple[str, ...] = tuple(LOADERS)


def load_bytes(name: str, data: bytes) -> Document:
    """The Document of a file called `name`, whose suffix says what it is.

    Raises LoadError with the reason when it is of no known kind, empty, too large or cannot be read.
    """
    loader = loader_for(name)
    if not data:
        raise LoadError("the file is empty.")
    if len(data) > MAX_BYTES:
        raise too_large(len(data))
    return loader.load(name, data)


def loader_for(name: str) -> Loader:
    """Raises LoadError when files of that suffix are not read."""
    suffix = suffix_of(name)
    if suffix not in LOADERS:
        what = f"{suffix} files are" if suffix else "a file without a suffix is"
        raise LoadError(f"{what} not read. Those that are: {', '.join(SUFFIXES)}.")
    return LOADERS[suffix]


def too_large(size: int) -> LoadError:
    """The error for a file of `size` bytes."""
    return LoadError(
        f"it has {size:,} bytes; at most {MAX_BYTES:,} ({MAX_BYTES // 1024 // 1024} MB) are read. "
        "Split it into smaller files."
    )
