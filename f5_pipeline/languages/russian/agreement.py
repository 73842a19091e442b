"""The gender and case of a Russian number, from the words around it: "2 книги" is "две книги", "до 5" "до пяти".

The endings of the noun tell both in most cases; prepositions tell the case of the rest.
"""

from __future__ import annotations

import re

from f5_pipeline.languages.russian.words import ABLATIVE, DATIVE, GENITIVE, LOCATIVE, SOFT_FEMININE

_BEFORE = re.compile(r"([а-яё-]{1,20}) (?:(?:минус|плюс) )?$", re.IGNORECASE)
_NEXT_SENTENCE = re.compile(r"\s+[А-ЯЁA-Z«\"]")
_AFTER = re.compile(r" ?([а-яё]{2,40})(?: ([а-яё]{2,40}))?", re.IGNORECASE)
_PLURAL_CASES = (
    (("ами", "ями", "ыми", "ими", "ьми"), "ablative"),
    (("ах", "ях"), "locative"),
    (("ам", "ям", "ым", "им"), "dative"),
)
_NOT_PLURAL = frozenset(("им", "там", "сам", "грамм", "килограмм", "там", "нам", "вам", "каким", "таким"))
_FEMININE_ENDINGS = {  # of the singular
    "genitive": ("ы", "и", "ой", "ей"), "dative": ("е", "и", "ой", "ей"), "locative": ("и", "ой", "ей"),
    "ablative": ("ой", "ей", "ью"),
}  # fmt: skip
_ABLATIVE_PREPOSITIONS = frozenset(("с", "со", "над", "под", "перед", "между", "за"))
_ADJECTIVES = ("ых", "их", "ые", "ие")
_SOFT_FEMININE = re.compile(SOFT_FEMININE)


def ends_in(value: int, last: int) -> bool:
    """True if the number is read with the word for ``last`` at its end."""
    return value % 10 == last and value % 100 != 10 + last


def around(match: re.Match[str], number: str | int = 0) -> tuple[str, str, str]:
    """The word before a number, and the two words after it; "" for what is not there. All in lower case."""
    before = _BEFORE.search(match.string, max(0, match.start(number) - 27), match.start(number))
    after = _AFTER.match(match.string, match.end(number))
    noun, second = after.groups(default="") if after else ("", "")
    return (before[1] if before else "").lower(), noun.lower(), second.lower()


def kept_period(match: re.Match[str]) -> str:
    """A period if what a rule has read ends in one that also ends a sentence, not only an abbreviation."""
    if not match[0].endswith("."):
        return ""
    is_sentence = match.end() == len(match.string) and match.string.lstrip(' «"(–-')[:1].isupper()
    return "." if is_sentence or _NEXT_SENTENCE.match(match.string, match.end()) else ""


def case_of(before: str, noun: str = "", second: str = "") -> str:
    """ "genitive", "dative", "ablative", "locative", or "" for the nominative."""
    if case := _plural_case(noun) or (_plural_case(second) if noun.endswith(_ADJECTIVES) else ""):
        return case
    if before in GENITIVE:
        return "genitive"
    if before in DATIVE:
        return "dative"
    if before in LOCATIVE:
        return "locative"
    return "ablative" if before in ABLATIVE else ""


def _plural_case(noun: str) -> str:
    if len(noun) < 4 or noun in _NOT_PLURAL:
        return ""
    return next((case for endings, case in _PLURAL_CASES if noun.endswith(endings)), "")


def form_of(value: int, before: str, noun: str, second: str = "") -> str:
    """The form of a cardinal number before its noun, such as "feminine" or "masculine-genitive"."""
    case = case_of(before, noun, second)
    if ends_in(value, 1):
        return _form_of_one(case, before, noun)
    if not case and any(ends_in(value, last) for last in (2, 3, 4)):
        if noun.endswith(("ов", "ев", "ей")) or noun == "человек":
            case = "genitive"
        decisive = second if noun.endswith(_ADJECTIVES) and second else noun
        gender = "feminine" if decisive.endswith(("ы", "и", "ые", "ие")) else "masculine"
        return f"{gender}-{case}" if case else gender
    return f"masculine-{case}" if case else "masculine"


def _form_of_one(case: str, before: str, noun: str) -> str:
    if noun.endswith(("ую", "у", "ю")) and before not in DATIVE:
        return "feminine-accusative"
    if before in _ABLATIVE_PREPOSITIONS and noun.endswith(("ом", "ем")):
        return "masculine-ablative"
    if case:
        is_feminine = noun.endswith(_FEMININE_ENDINGS.get(case, ())) and len(noun) > 2
        return f"{'feminine' if is_feminine else 'masculine'}-{case}"
    if (
        noun.endswith("е")
        and not noun.endswith(("ое", "ее", "ие", "ще", "це"))
        and before in ("в", "на", "о", "об", "при")
    ):
        return "masculine-locative"
    return gender_of(noun)


def gender_of(noun: str) -> str:
    """The gender of a noun or adjective in the nominative singular, by its ending."""
    if noun.endswith("мя") or (noun.endswith(("о", "е", "ё")) and not noun.endswith("ого")):
        return "neuter"
    if noun.endswith(("а", "я")) or _SOFT_FEMININE.search(noun):
        return "feminine"
    return "masculine"
