"""Roman numerals in Russian texts: "XIX века", "Пётр I", "II квартал", "глава IV"."""

from __future__ import annotations

import re

from f5_pipeline.languages.characters import ROMAN, roman_value
from f5_pipeline.languages.rules import Rule
from f5_pipeline.languages.russian.agreement import around, kept_period
from f5_pipeline.languages.russian.ordinal_words import ordinal

_FEMININE_RULERS = re.compile(r"(?:екатерин|елизавет|анн|мари|маргарит|виктори|изабелл|христин)\w{0,3}$")
_RULERS = (
    r"(?:П[её]тр|Никола|Александр|Павел|Павл|Иван|Иоанн|Людовик|Карл|Генрих|Фридрих|Георг|Эдуард|Вильгельм|Наполеон|"
    r"Филипп|Пи|Бенедикт|Рамсес|Ричард|Яков|Васили|Ф[её]дор|Густав|Леопольд|Франциск|Иосиф|"
    r"Екатерин|Елизавет|Анн|Мари|Маргарит|Изабелл|Христин|Виктори)[а-яё]{0,3}"
)
#: Nouns that Roman numerals stand before or after, and their gender.
_NOUNS = {
    "век": "masculine", "съезд": "masculine", "квартал": "masculine", "том": "masculine", "раздел": "masculine",
    "этап": "masculine", "тур": "masculine", "курс": "masculine", "класс": "masculine", "этаж": "masculine",
    "интернационал": "masculine", "созыв": "masculine", "конгресс": "masculine", "тип": "masculine",
    "уровень": "masculine", "тысячелети": "neuter", "полугоди": "neuter", "мест": "neuter", "столети": "neuter",
    "глав": "feminine", "част": "feminine", "групп": "feminine", "степен": "feminine", "категори": "feminine",
    "сери": "feminine", "династи": "feminine", "войн": "feminine", "олимпиад": "feminine", "половин": "feminine",
    "четверт": "feminine", "мировая": "feminine", "мировой": "feminine", "мировую": "feminine",
}  # fmt: skip
_CASES = {
    "masculine": {"": "", "а": "-genitive", "у": "-dative", "ом": "-ablative", "е": "-locative", "ы": "plural"},
    "neuter": {"е": "", "о": "", "я": "-genitive", "а": "-genitive", "ю": "-dative", "у": "-dative", "ем": "-ablative",
               "ом": "-ablative", "и": "-locative"},
    "feminine": {"а": "", "ь": "", "я": "", "ы": "-genitive", "и": "-genitive", "е": "-locative", "у": "-accusative",
                 "ю": "-accusative", "ой": "-genitive", "ей": "-genitive", "ью": "-ablative", "": ""},
}  # fmt: skip
_CENTURY_CASES = {
    "век": "", "века": "-genitive", "веку": "-dative", "веком": "-ablative", "веке": "-locative", "веках": "-locative",
}  # fmt: skip
_CENTURY_ENDINGS = {"": ("", "а"), "-locative": ("е", "ах"), "-genitive": ("а", "ов")}  # case → "в.", "вв."
_RULER_CASES = {
    "feminine": {"ы": "-genitive", "и": "-genitive", "е": "-dative", "у": "-accusative", "ю": "-accusative",
                 "ой": "-ablative", "ей": "-ablative"},
    "masculine": {"ом": "-ablative", "ем": "-ablative", "а": "-genitive", "я": "-genitive", "у": "-dative",
                  "ю": "-dative", "е": "-locative"},
}  # fmt: skip


def _century(match: re.Match[str]) -> str:
    """ "XIX века", "в XX в.", "XVIII-XIX вв."."""
    noun, before = match["noun"], around(match)[0]
    if noun.endswith("."):
        case = "-locative" if before in ("в", "во") else "-genitive" if before not in ("", "по") else ""
        noun = "век" + _CENTURY_ENDINGS[case][noun == "вв."]
    elif noun == "века" and match["first"] and before != "с":
        case = ""  # "XIX–XX века" is a plural
    else:
        case = _CENTURY_CASES.get(noun, "-genitive")
    first = f"{ordinal(roman_value(match['first']), 'masculine' + case)} – " if match["first"] else ""
    return f"{first}{ordinal(roman_value(match['roman']), 'masculine' + case)} {noun}{kept_period(match)}"


def _ruler(match: re.Match[str]) -> str:
    """ "Пётр I", "Екатерины II"."""
    word = match[1].lower()
    gender = "feminine" if _FEMININE_RULERS.match(word) else "masculine"
    case = next((case for ending, case in _RULER_CASES[gender].items() if word.endswith(ending)), "")
    return f"{match[1]} {ordinal(roman_value(match[2]), gender + case).capitalize()}"


def _with_noun(match: re.Match[str]) -> str:
    """ "II квартал", "глава IV"."""
    noun = match["noun"]
    stem = next(stem for stem in _NOUNS if noun.lower().startswith(stem))
    gender, ending = _NOUNS[stem], noun.lower()[len(stem) :]
    case = {"мировой": "-genitive", "мировую": "-accusative"}.get(stem) or _CASES[gender].get(ending, "")
    form = "plural" if case == "plural" else gender + case
    spoken = ordinal(roman_value(match["roman"]), form)
    return f"{noun} {spoken}" if "after" in match.groupdict() else f"{spoken} {noun}"


_NOUN = rf"(?P<noun>(?i:(?:{'|'.join(_NOUNS)})[а-яё]{{0,3}}))(?![а-яё])"
ROMANS: tuple[Rule, ...] = (
    Rule(
        re.compile(
            rf"(?<![A-Za-z])(?:(?P<first>{ROMAN}) ?[-–] ?)?(?P<roman>{ROMAN}) ?"
            r"(?P<noun>вв?\.|век(?:а|у|ом|е|ов|ах|ам|ами)?(?![а-яё]))"
        ),
        _century,
    ),
    Rule(re.compile(rf"(?<![а-яё])({_RULERS}) ({ROMAN})(?![A-Za-z])"), _ruler),
    Rule(re.compile(rf"(?<![A-Za-z])(?P<roman>{ROMAN}) {_NOUN}"), _with_noun),
    Rule(re.compile(rf"(?<![а-яё])(?P<after>){_NOUN} (?P<roman>{ROMAN})(?![A-Za-z])"), _with_noun),
)
