"""English: raised and lowered characters: powers ("10⁻³"), ions ("Na⁺"), molecules ("H₂O"); footnote marks go."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.counting import ordinal, text_before
from f5_pipeline.languages.english.units import UNITS

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
_RAISED_RUN = r"[⁰¹²³⁴-⁹⁺⁻]{1,8}"
_LIKE_FORMULA = re.compile(r"[⁰¹²³⁴-⁹⁺⁻₀-₉ⁿ×]")
_LOWERED_RUN = re.compile(r"[₀-₉₊₋]{1,8}")
_LENGTH = re.compile(r"(?<![\w/])(km|cm|mm|m|ft|mi|yd)([²³])(?!\w)")
_PER_AREA = re.compile(r"(?<=[a-z]{4})/((?:km|cm|mm|m|ft|mi|yd)[²³])(?!\w)")
_ION = re.compile(r"\b((?:[A-Z][a-z]?[₀-₉]{0,2}|\((?:[A-Z][a-z]?[₀-₉]{0,2}){1,6}\)[₀-₉]?){1,6})([⁰¹²³⁴-⁹]?)([⁺⁻])")
_MOLECULE = re.compile(r"(?<![A-Za-z])(?=[A-Za-z]{1,6}[₀-₉])(?:[A-Z][a-z]?[₀-₉]{0,3}|[()]){1,16}")
_INDEX = re.compile(r"(?<=\b[a-z])(?=[₀-₉])")  # "x₁" is no "times one"
_POWER = re.compile(r"(?<=[A-Za-z\dΑ-Ωα-ωµ)])([⁺⁻]?[⁰¹²³⁴-⁹]{1,8}|ⁿ)")
_MULTIPLIED_POWER = re.compile(r"(?<=\d) ?[×·] ?(?=10[⁰¹²³⁴-⁹⁺⁻])")
_MARK = re.compile(_RAISED_RUN)
_WORD_AT_END = re.compile(r"[A-Za-zµμ/]{1,20}$")
_NAMES = {"2": "squared", "3": "cubed"}
_VOWELS = frozenset("aeiouyAEIOUY")


def formulas_in_words(text: str) -> str:
    """The text without raised and lowered characters, except those of units after a number."""
    if text.isascii() or not _LIKE_FORMULA.search(text):
        return text
    text = _ION.sub(_ion, _MULTIPLIED_POWER.sub(" times ", text))
    text = _LENGTH.sub(_length, _PER_AREA.sub(lambda m: f" per {UNITS[m[1]][0]}", text))
    text = _POWER.sub(_power, text)
    text = _MARK.sub(_footnote, text)
    text = _INDEX.sub(" ", _MOLECULE.sub(_molecule, text))
    return _LOWERED_RUN.sub(lambda match: match[0].translate(_LOWERED), text)


def _ion(match: re.Match[str]) -> str:
    """ "Ca²⁺" is "Ca two plus"."""
    element = re.sub(r"(?<=[A-Z])(?=[A-Z])", " ", match[1])  # lest "OH" is a word
    charge = "plus" if match[3] == "⁺" else "minus"
    return " ".join(filter(None, [element, match[2].translate(_RAISED), charge]))


def _molecule(match: re.Match[str]) -> str:
    """ "NO₂" is spelled, lest "NO" is a word."""
    return re.sub(r"(?<=[A-Z])(?=[A-Z])", " ", match[0])


def _length(match: re.Match[str]) -> str:
    """ "per km²"; after a number the rules of units read it."""
    after_number = re.search(r"\d(?: |-| million | billion )?$", text_before(match, 12))
    return match[0] if after_number else UNITS[match[0]][0 if _is_denominator(match) else 1]


def _is_denominator(match: re.Match[str]) -> bool:
    return text_before(match, 6).endswith(("per ", " a ", "each ", "every "))


def _power(match: re.Match[str]) -> str:
    """ "10²³" is "10 to the twenty-third"; a mark after a word is dropped; a unit's power stays for its rule."""
    before = text_before(match, 20)
    if _is_unit(before, match[1]):
        return match[0]
    word = found[0] if (found := _WORD_AT_END.search(before)) else ""
    if len(word) > 3 or (len(word) > 1 and not _VOWELS.isdisjoint(word)) or word == "I":
        return ""
    exponent = match[1].translate(_RAISED)
    return f" {_exponent(exponent)}" if exponent != "1" else ""


def _exponent(exponent: str) -> str:
    if exponent in _NAMES:
        return _NAMES[exponent]
    if exponent == "ⁿ":
        return "to the n"
    number = exponent.lstrip("+-")
    sign = {"-": "minus ", "+": "plus "}.get(exponent[:1], "")
    return f"to the {sign}{ordinal(int(number)) if number else ''}".rstrip()


def _footnote(match: re.Match[str]) -> str:
    """A mark after a word, full stop or quotation mark is dropped; a lone one is a number; a unit's power stays."""
    before = text_before(match, 20)
    if _is_unit(before, match[0]):
        return match[0]
    return "" if before.strip() and not before[-1].isspace() else match[0].translate(_RAISED)


def _is_unit(before: str, power: str) -> bool:
    """True for the power of "m²" and "m/s²"."""
    word = _WORD_AT_END.search(before)
    return word is not None and (word[0].split("/")[-1] + power in UNITS or word[0].endswith("/s"))
