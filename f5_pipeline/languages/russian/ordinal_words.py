"""Russian ordinal numbers in words, in every gender, number and case."""

from __future__ import annotations

from functools import lru_cache

from f5_pipeline.languages.language import words
from f5_pipeline.languages.russian.cardinal_words import cardinal

_UNITS = words("нулев перв втор трет четвёрт пят шест седьм восьм девят десят")
_STEMS = dict(enumerate(_UNITS)) | {
    40: "сороков",
    50: "пятидесят",
    60: "шестидесят",
    70: "семидесят",
    80: "восьмидесят",
}
_STEMS |= {
    90: "девяност",
    100: "сот",
    200: "двухсот",
    300: "трёхсот",
    400: "четырёхсот",
    500: "пятисот",
    600: "шестисот",
}
_STEMS |= {700: "семисот", 800: "восьмисот", 900: "девятисот", 10**6: "миллионн", 10**9: "миллиардн", 1000: "тысячн"}
_STRESSED = frozenset(("нулев", "втор", "шест", "седьм", "восьм", "сороков"))  # "второй", not "вторый"
#: Form → the endings of hard adjectives and of "третий".
_ENDINGS = {
    "masculine": ("ый", "ий"), "feminine": ("ая", "ья"), "neuter": ("ое", "ье"), "plural": ("ые", "ьи"),
    "masculine-genitive": ("ого", "ьего"), "feminine-genitive": ("ой", "ьей"), "plural-genitive": ("ых", "ьих"),
    "masculine-dative": ("ому", "ьему"), "feminine-dative": ("ой", "ьей"), "plural-dative": ("ым", "ьим"),
    "masculine-locative": ("ом", "ьем"), "feminine-locative": ("ой", "ьей"), "plural-locative": ("ых", "ьих"),
    "masculine-ablative": ("ым", "ьим"), "feminine-ablative": ("ой", "ьей"), "plural-ablative": ("ыми", "ьими"),
    "feminine-accusative": ("ую", "ью"),
}  # fmt: skip
_LONGEST = 10**12


@lru_cache(maxsize=20_000)
def ordinal(value: int, form: str = "masculine") -> str:
    """Which one, in the form "plural-genitive" or "feminine"; a number with more than twelve digits is a cardinal."""
    if value >= _LONGEST:
        return cardinal(value)
    head, last = _parts(value)
    before = cardinal(head) + " " if head else ""
    return before + _stem(last) + _ending(_stem(last), form)


def _ending(stem: str, form: str) -> str:
    form = form.replace("neuter-", "masculine-")
    hard, soft = _ENDINGS.get(form, _ENDINGS["masculine"])
    if stem.endswith("трет"):
        return soft
    return "ой" if form == "masculine" and stem in _STRESSED else hard


def _parts(value: int) -> tuple[int, int]:
    """What stays a cardinal number, and what becomes the ordinal: 1945 is 1940 and 5, 1960 is 1900 and 60."""
    for scale in (20, 100, 1000, 10**6, 10**9):
        last = value % scale
        if scale == 20:
            last = value % 100 if value % 100 <= 20 else value % 10
        if last:
            return value - last, last
    return 0, value


def _stem(last: int) -> str:
    if last in _STEMS:
        return _STEMS[last]
    if last < 100:
        return cardinal(last).removesuffix("ь")
    scale = max(scale for scale in (1000, 10**6, 10**9) if last >= scale)
    return compound(last // scale) + _STEMS[scale]


def compound(value: int) -> str:
    """A number as the first part of a word: "пяти" in "пятилетний", "двухсот" in "двухсотлетие"."""
    if value in (1, 100, 1000):
        return {1: "одно", 100: "сто", 1000: "тысяче"}[value]
    spoken = cardinal(value, "masculine-genitive").replace("девяноста", "девяносто")
    if spoken.endswith("одного"):
        spoken = spoken.removesuffix("одного") + "одно"
    return "".join("сто" if word == "ста" else word for word in spoken.split())
