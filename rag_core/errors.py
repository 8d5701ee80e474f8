"""What can go wrong, as one tree. Knows nothing of where the error is shown.

    RagError                  the base: catch this at an edge (page, REST, shell) and show `str(error)`
    ├── SettingError          a value outside its range, two settings that contradict each other
    ├── QueryError            an empty question, one that is too long
    ├── LoadError             a file that cannot be read; its batch goes on without it
    ├── IndexMissing          no index of that name
    ├── IndexMismatch         the index was embedded by another model
    ├── StoreError            an index file that cannot be read or written
    ├── ModelError            a model that is missing, damaged or cannot be run here
    └── Cancelled             the person stopped it; nothing is wrong

Every message is one or two sentences for the person at the screen: what, which file or setting, the next step.
"""


class RagError(Exception):
    """Base of all errors that a person can do something about."""


class SettingError(RagError):
    """A setting is outside its range or contradicts another one. The message carries the numbers."""


class QueryError(RagError):
    """The question cannot be searched for."""


class LoadError(RagError):
    """A file cannot be turned into a Document. The message is the reason, without the file's name."""


class IndexMissing(RagError):
    """There is no index (or no document in it) of that name."""


class IndexMismatch(RagError):
    """The index holds vectors of another embedder than the one that is loaded."""


class StoreError(RagError):
    """An index file is damaged, locked, from a newer version, or cannot be written."""


class ModelError(RagError):
    """A model or the package that runs it is missing, damaged or too large."""


class Cancelled(RagError):
    """The caller asked to stop. What was finished until then is kept."""
