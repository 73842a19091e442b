"""Russian ordinals in digits, "3-м", "1960-х", and compounds, "5-летний", "20-процентный"."""

from __future__ import annotations

import re

from f5_pipeline.languages.rules import Rule
from f5_pipeline.languages.russian.agreement import around
from f5_pipeline.languages.russian.cardinal_words import cardinal
from f5_pipeline.languages.russian.ordinal_words import compound, ordinal

#: Endings of written ordinals → the form; "" depends on the context.
_FORMS = {
    "й": "", "ый": "masculine", "ий": "masculine", "ой": "masculine", "я": "feminine", "ая": "feminine",
    "ья": "feminine", "е": "", "ое": "neuter", "ее": "neuter", "ье": "neuter", "ые": "plural", "ие": "plural",
    "го": "masculine-genitive", "ого": "masculine-genitive", "его": "masculine-genitive", "му": "masculine-dative",
    "ому": "masculine-dative", "ему": "masculine-dative", "м": "", "ом": "masculine-locative",
    "ем": "masculine-locative", "ым": "masculine-ablative", "им": "masculine-ablative", "ю": "feminine-accusative",
    "ую": "feminine-accusative", "ью": "feminine-accusative", "х": "plural-genitive", "ых": "plural-genitive",
    "их": "plural-genitive", "ми": "plural-ablative", "ыми": "plural-ablative", "ей": "feminine-genitive",
}  # fmt: skip
_OBLIQUE = frozenset(
    ("в", "во", "на", "о", "об", "при", "по", "к", "ко", "с", "со", "из", "от", "до", "у", "для", "около", "после")
)
_CARDINAL_SUFFIXES = "ти|ми|ка|мя|ух|ёх|ех|и"


def _suffixed(match: re.Match[str]) -> str:
    value, suffix = int(match[1]), (match[2] or match[3]).lower()
    before, noun, _ = around(match)
    if suffix in ("ух", "ёх", "ех", "х") and value in (2, 3, 4):
        return cardinal(value, "masculine-genitive")
    if suffix in ("ти", "ка", "и") or (suffix == "ми" and value % 10 in (7, 8)):
        return cardinal(value, "masculine-genitive")
    if suffix == "мя":
        return cardinal(value, "masculine-ablative")
    if suffix == "х" and noun in ("годах", "гг") and 1910 <= value <= 1990 and before in ("в", "во"):
        value %= 100  # "в 1960-х годах": the century is left out
    return ordinal(value, _FORMS.get(suffix) or _form_in_context(suffix, value, before, noun))


def _form_in_context(suffix: str, value: int, before: str, noun: str) -> str:
    if suffix == "й":
        if before in _OBLIQUE and noun.endswith(("е", "и", "ы")):
            return "feminine-genitive"
        return "masculine"
    if suffix == "е":
        is_decade = value % 10 == 0 and value >= 20 and not noun.endswith(("о", "е"))
        return "plural" if is_decade or noun.endswith(("ы", "и")) else "neuter"
    return (
        "masculine-ablative"
        if before in ("стал", "был", "стала", "была", "под", "над", "за", "перед", "с")
        else "masculine-locative"
    )


def _compound(match: re.Match[str]) -> str:
    """ "5-летний": пятилетний."""
    return compound(int(match[1])) + match[2]


_ADJECTIVE = {"й": "ый", "го": "ого", "му": "ому", "м": "ом", "я": "ая", "ю": "ую", "х": "ых", "е": "ые"}
_SUFFIX = "|".join(sorted((*_FORMS, *_CARDINAL_SUFFIXES.split("|")), key=len, reverse=True))
_COMPOUNDED = (
    "комнатн|этажн|летн|летия|местн|дневн|звёздн|звездн|часов|кратн|процентн|килограмм|метров|литров|томн|ядерн|сторонн"
)
ORDINALS: tuple[Rule, ...] = (
    Rule(re.compile(rf"(?<![\d.,])(\d{{1,6}})-(?:х|ти|ми|и) ((?:{_COMPOUNDED})[а-яё]{{0,12}})"), _compound, "-"),
    Rule(re.compile(rf"(?<![\d.,])(\d{{1,9}})(?:-({_SUFFIX})|(й|го|ый|ая|ого))(?![а-яё-])", re.IGNORECASE), _suffixed),
    Rule(re.compile(r"(\d{1,6}[,.]\d{1,3})-(?=[а-яё]{4})"), lambda m: f"{m[1]} ", "-"),
    Rule(re.compile(r"(?<![\d.,])(\d{1,6})-(?:х-|ти-|ми-)?([а-яё]{4,40})(?![а-яё]{0,1}-)"), _compound, "-"),
    Rule(
        re.compile(r"(?<![\d.,])(\d{1,3}) ?%-(н[а-яё]{2,3})(?![а-яё])"),
        lambda m: f"{compound(int(m[1]))}процент{m[2]}",
        "%",
    ),
    Rule(
        re.compile(r"(?<![\d.,])(\d{1,3}) ?%-(й|го|му|м|я|ю|х|е)(?![а-яё])"),
        lambda m: f"{compound(int(m[1]))}процентн{_ADJECTIVE[m[2]]}",
        "%",
    ),
    Rule(re.compile(r"гг\.(?<=ые гг\.)"), lambda m: "годы"),
    Rule(
        re.compile(r"гг\.(?<=ых гг\.)"),
        lambda m: (
            "годах"
            if re.search(r"(?:^| )во? \S{3,40}(?: \S{3,40}){0,3} $", m.string[max(0, m.start() - 90) : m.start()], re.I)
            else "годов"
        ),
    ),
)
