"""Words for BM25: stemmed English, and syllables with bigrams where a script has no reliable words.

Korean glues particles to nouns, Chinese and Japanese write no spaces; there a word becomes its characters and its pairs
of neighbouring characters, which matched far more answers than words did. Knows nothing of documents or scores.
"""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[가-힣㐀-䶿一-鿿豈-﫿぀-ヿ]+")
_STOP_LIST = (
    "a about above after again all also am an and any are as at be because been before being below between both "
    "but by can could did do does doing down during each few for from further had has have having he her here "
    "hers him his how i if in into is it its itself just me more most my no nor not now of off on once only or "
    "other our out over own s same she should so some such t than that the their them then there these they this "
    "those through to too under until up very was we were what when where which while who whom why will with "
    "would you your"
)
STOP_WORDS = frozenset(_STOP_LIST.split())


def terms(text: str) -> list[str]:
    """The terms of a text in order, lower case, NFC, stop words left out.

    >>> terms("The flames were flickering in 2 colours.")
    ['flame', 'flicker', '2', 'colour']
    >>> terms("벽난로를")
    ['벽', '난', '로', '를', '벽난', '난로', '로를']
    """
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text).lower()):
        at = 0
        for run in _UNSPACED.finditer(word):
            _add_word(found, word[at : run.start()])
            characters = run.group()
            found += characters
            found += [characters[i : i + 2] for i in range(len(characters) - 1)]
            at = run.end()
        _add_word(found, word[at:])
    return found


def _add_word(found: list[str], word: str) -> None:
    if word and word not in STOP_WORDS:
        found.append(stem(word))


def stem(word: str) -> str:
    """Cut common English endings, so that the forms of a word meet: lighter than Porter's stemmer.

    >>> [stem(w) for w in ("flames", "studies", "glasses", "making", "makes", "stopped", "quickly", "bus", "red")]
    ['flame', 'study', 'glass', 'mak', 'make', 'stop', 'quick', 'bus', 'red']
    """
    if len(word) < 4 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and re.search("[aeiouy]", word[: -len(ending)]):
            word = word[: -len(ending)]
            if ending != "ly" and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word
