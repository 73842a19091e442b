"""Footnote marks without brackets: ``said.¹``, ``word²``, ``word†``, ``²And``. Powers and units (m², 10³) stay."""

from __future__ import annotations

import re

from f5_pipeline.text.markup.common import BadMarkup, shown, words_of

_SUPERSCRIPT = re.compile(r"(?<=[^\s\d⁰¹²³⁴-⁹])[⁰¹²³⁴-⁹]{1,3}(?:[,⁻–][⁰¹²³⁴-⁹]{1,3})*(?![⁰¹²³⁴-⁹⁺⁻ⁿ\w])")
_BEFORE_WORD = re.compile(r"(?<!\S)[⁰¹²³⁴-⁹]{1,3}(?=[^\W\d_]{3})|^[⁰¹²³⁴-⁹]{1,3} (?=[^\W\d_])", re.MULTILINE)  # not ¹⁴C
_DAGGER = re.compile(r"(?<=[^\W\d_])[†‡]+|(?<=[.,;:!?…”’\"])[†‡]+")
_MARKS = '.,;:!?…”’"»。，！？」』'
_SHORTEST_WORD = 3  # letters; shorter ones are variables and units: x², km²
# Words that have a power: units, and functions of mathematics.
_WITH_POWER = words_of("""
    min sec rad mol foot feet inch inches yard yards mile miles acre acres meter meters metre metres kilometer
    kilometers kilometre kilometres centimeter centimeters centimetre centimetres millimeter millimeters millimetre
    millimetres second seconds kelvin sin cos tan log exp chi sigma rho psi phi meter quadratmeter mètre mètres metro
    metros metri метр метра метров
    """)
_LAST_WORD = re.compile(r"[^\W\d_]+\Z")


def without_footnote_marks(text: str, directions: str, notes: list[str]) -> str:
    """The text without footnote marks.

    Args:
        text: as written.
        directions: "reject", "drop" or "speak".
        notes: gets a sentence for each mark that is dropped.

    Raises:
        BadMarkup: there is one, and directions are to be rejected.
    """
    if directions == "speak":
        return text

    def cut(match: re.Match[str]) -> str:
        if match.re is _SUPERSCRIPT and not _marks_a_note(text[max(0, match.start() - 40) : match.start()]):
            return match[0]
        if directions == "reject":
            raise BadMarkup(f"The text has the footnote mark {shown(match[0])}; remove it, or set directions = 'drop'")
        notes.append(f"The footnote mark {shown(match[0])} is not spoken.")
        return ""

    for pattern in (_SUPERSCRIPT, _BEFORE_WORD, _DAGGER):
        text = pattern.sub(cut, text)
    return text


def _marks_a_note(before: str) -> bool:
    """True if superscript digits after this text are the mark of a note, and no power."""
    if before[-1] in _MARKS:
        return True
    word = _LAST_WORD.search(before)
    return word is not None and len(word[0]) >= _SHORTEST_WORD and word[0].lower() not in _WITH_POWER
