"""Words numbered in order of first sight: what is known of a word is worked out once and then gathered by number."""


class Numbering(dict[str, int]):
    """Word → number; `fresh` collects the words seen for the first time since it was last emptied."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh: list[str] = []

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        self.fresh.append(word)
        return number
