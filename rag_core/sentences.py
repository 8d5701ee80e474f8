"""Where sentences end, judged word by word, so that each distinct word is judged once.

Rules for English and Korean, and for 。！？ of Chinese and Japanese. Knows nothing of tokens, chunks or models.
"""

import re

CLOSERS = "\"'”’»」』】〉》)]}*_"
CJK_ENDERS = "。！？｡"
_ENDER = re.compile(rf"(?:[.!?…]|[{CJK_ENDERS}])[{re.escape(CLOSERS)}]*$")
_ABBREVIATIONS_LIST = (
    "mr mrs ms dr prof st vs etc eg ie cf no nos fig figs eq inc ltd co corp jr sr approx dept est vol pp ed eds al "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun ca max min"
)
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_LIST.split())
_INITIALS = re.compile(r"^[(\[\"'“‘]*(?:[A-Za-z]\.)+$")
_LIST_NUMBER = re.compile(r"^[(\[\"'“‘]?\d{1,2}\.$")
# Sentence endings that also stand without a full stop in Korean. "요" alone is left out: 필요, 주요 and 중요 are nouns.
_KOREAN_FINAL = re.compile(r"[가-힣](?:니다|니까|[세어아해예에네군지나까데래게]요|죠)[~!?)\"'”’]*$")


def ends_sentence(word: str) -> bool:
    """Whether a sentence may end after this word, whatever follows.

    >>> [ends_sentence(w) for w in ("wall.", "Dr.", "3.14", "J.", "끕니다", "필요", "好。")]
    [True, False, False, False, True, False, True]
    """
    if _ENDER.search(word):
        bare = word.rstrip(CLOSERS)
        if not bare.endswith("."):
            return True
        if _INITIALS.match(bare) or _LIST_NUMBER.match(bare):
            return False
        return bare.rstrip(".").lstrip("(['\"“‘").replace(".", "").lower() not in _ABBREVIATIONS
    return _KOREAN_FINAL.search(word) is not None


def continues_sentence(word: str) -> bool:
    """Whether a word that follows a full stop shows that the sentence goes on: it begins in lower case."""
    return word[:1].islower()
