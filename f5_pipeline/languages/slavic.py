"""Czech and Ukrainian, and what they share with Polish: their words, number formats and own rules."""

from __future__ import annotations

import re
from collections.abc import Sequence

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import ordinal
from f5_pipeline.languages.word_tables import word_table

_CARDINAL_ENDING = ("trzy", "cztery", "чотири", "три")  # words in an ordinal that stay cardinals


def feminine(noun: str, others: Sequence[str]) -> str:
    """The form of 1 and 2 before a noun: feminine nouns end in -a or -y, -e, -i in the plural, as ``others`` do."""
    if noun in others:
        return "masculine"
    return "feminine" if re.fullmatch(r"\w{2,}(?:[aаяь]|ki|gi|czki|ny|ty|ги|ки|ни|ти|ини)", noun) else "masculine"


def genitive(spoken: str, endings: dict[str, str]) -> str:
    """An ordinal in the genitive: its last words change, the cardinals before them do not."""
    return " ".join(
        next((word.removesuffix(old) + new for old, new in endings.items() if word.endswith(old)), word)
        if word not in _CARDINAL_ENDING
        else word
        for word in spoken.split()
    )


def _ukrainian(number: int) -> str:
    """ "п'ятого": the genitive, as in dates."""
    return genitive(ordinal(number, "uk"), {"ий": "ого", "ій": "ього"})


_CZECH_PLURALS = words("dny roky týdny časy stroje banány telefony")  # masculine
_UKRAINIAN_PLURALS = words(  # masculine and neuter
    "банани роки будинки кроки тижні дні міста вікна слова яблука крісла яйця дерева боки знаки"
)
_TENS = {20: "dvacátého", 30: "třicátého"}
_CZECH_DAYS = words(
    "prvního druhého třetího čtvrtého pátého šestého sedmého osmého devátého desátého jedenáctého dvanáctého třináctého"
    " čtrnáctého patnáctého šestnáctého sedmnáctého osmnáctého devatenáctého"
)


def _czech(day: int) -> str:
    """ "pátého": the genitive, as in dates."""
    if day < 20:
        return _CZECH_DAYS[day - 1]
    return " ".join([_TENS[day // 10 * 10], *([_CZECH_DAYS[day % 10 - 1]] if day % 10 else [])])


CZECH = Language(
    "cs",
    comma="celých",
    form=lambda noun: feminine(noun, _CZECH_PLURALS),
    day=lambda day, _: _czech(day),
    day_month=True,
    to="až",
    hour_and_minutes="{h} {m}",
    and_subunit=" ",
    magnitudes="milionů|miliony|milion|miliardy|miliarda|miliard",
    large={"mil": ("milion", "miliony", "milionů", "milionu"), "mld": ("miliarda", "miliardy", "miliard", "miliardy")},
    subunits={
        "CZK": ("haléř", "haléře", "haléřů"),
        "EUR": ("cent", "centy", "centů"),
        "USD": ("cent", "centy", "centů"),
        "GBP": ("pence", "pence", "pencí"),
    },
    currencies={"CZK": ("koruna", "koruny", "korun"), "kr": ("koruna", "koruny", "korun")},
    words=word_table("cs"),
)
UKRAINIAN = Language(
    "uk",
    form=lambda noun: feminine(noun, _UKRAINIAN_PLURALS),
    day=lambda day, _: _ukrainian(day),
    year=lambda number: f"{_ukrainian(number)} року",
    year_word=r"року|р\.",
    hour_and_minutes="{h} {m}",
    ordinals=(
        ("-(?:й|ий)", lambda number, _: ordinal(number, "uk")),
        ("-(?:го|ого)", lambda number, _: _ukrainian(number)),
        ("-(?:а|я)", lambda number, _: re.sub(r"[иі]й$", "а", ordinal(number, "uk"))),
    ),
    magnitudes="мільйонів|мільйони|мільйон|мільярдів|мільярди|мільярд",
    large={
        "млн": ("мільйон", "мільйони", "мільйонів", "мільйона"),
        "млрд": ("мільярд", "мільярди", "мільярдів", "мільярда"),
    },
    subunits={
        "UAH": ("копійка", "копійки", "копійок"),
        "EUR": ("цент", "центи", "центів"),
        "USD": ("цент", "центи", "центів"),
        "GBP": ("пенс", "пенси", "пенсів"),
    },
    currencies={"UAH": ("гривня", "гривні", "гривень")},
    words=word_table("uk"),
)
