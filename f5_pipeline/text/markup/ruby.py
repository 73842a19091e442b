"""Readings above characters, in a line: ``漢字《かんじ》``, ``｜漢字《かんじ》``, ``{漢字|かんじ}``, ``漢字[かんじ]``.

Only the reading is spoken. ``<ruby>`` is in ``html_elements``.
"""

from __future__ import annotations

import re

_KANA = "\u3040-\u30ffー・\u31f0-\u31ff"
_READING = re.compile(rf"《([{_KANA}a-zA-Zāīūēōǎǐǔěǒáíúéóàìùèò0-9 ]{{1,40}})》")
_START_MARKS = "｜|"
_BRACED = re.compile(rf"\{{([^{{}}|]*[\u3400-\u9fff々〆〤][^{{}}|]*)\|([{_KANA}|]+)\}}")
_SQUARE = re.compile(
    rf" ?(?<![\u3400-\u9fff々〆〤ヶ])[\u3400-\u9fff々〆〤ヶ]+\[([{_KANA}]+)\]"
)  # of flash cards; a space may begin the word


def without_ruby(text: str) -> str:
    """The text with each annotated word replaced by its reading."""
    if "|" in text and "{" in text:
        text = _BRACED.sub(lambda match: match[2].replace("|", ""), text)
    if "[" in text:
        text = _SQUARE.sub(r"\1", text)
    return _replace_readings(text) if "《" in text else text


def _replace_readings(text: str) -> str:
    """Replaces the ideographs before 《…》, or what begins with ｜, by the reading in it."""
    parts, position = [], 0
    for match in _READING.finditer(text):
        before = text[position : match.start()]
        start = _annotated_start(before)
        if start == len(before):  # no word to annotate: a title in brackets
            parts.append(text[position : match.end()])
        else:
            parts += [before[:start], match[1]]
        position = match.end()
    return "".join(parts) + text[position:]


def _annotated_start(before: str) -> int:
    """Where the annotated word begins that a text ends with."""
    marked = max(before.rfind(mark) for mark in _START_MARKS)
    if marked >= 0 and "\n" not in before[marked:]:
        return marked
    start = len(before)
    while start and ("\u3400" <= before[start - 1] <= "\u9fff" or before[start - 1] in "々〆ヶ"):
        start -= 1
    return start
