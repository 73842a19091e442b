"""E-mail, URLs, host names, IP addresses and paths: found by one pattern, read part by part with a language's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_TOP_LEVEL = "com|org|net|edu|gov|int|info|io|ai|app|dev|cn|jp|in|ru|su|de|fr|uk|eu|us|hk|tw|kr|tv|me|co|xyz|biz|рф"
_FILE = "pdf|docx?|xlsx?|pptx?|csv|txt|jpe?g|png|gif|mp[34]|wav|zip|html?|json|xml"
_REST = r"[A-Za-z0-9_-]{0,62}"
_LABEL = rf"[A-Za-z0-9]{_REST}"
_PATH = r"(?:[/?#][A-Za-z0-9._~%/?#=&+:@-]{0,300}[A-Za-z0-9/=])?/?"
_NAME = r"[A-Za-z0-9_.-]{1,60}"
ADDRESS = re.compile(
    rf"(?<![A-Za-z0-9@._-])(?:[A-Za-z0-9][A-Za-z0-9._%+-]{{0,63}}@{_LABEL}(?:\.{_LABEL}){{1,6}}"
    rf"|(?:https?|ftp)://[A-Za-z0-9.-]{{1,200}}(?::\d{{1,5}})?{_PATH}"
    rf"|www(?:\.{_LABEL}){{1,6}}{_PATH}"
    rf"|(?:[A-Za-z]{_REST}\.){{1,5}}(?:{_TOP_LEVEL})(?![A-Za-z0-9_]){_PATH}"
    rf"|[A-Za-z]{_REST}\.(?:{_FILE})(?![A-Za-z0-9_])"
    r"|\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)(?::\d{1,5})?"
    rf"|[A-Z]:(?:\\{_NAME}){{1,9}}\\?)"
    rf"|(?<![^\s(])/[A-Za-z]{_NAME}(?:/{_NAME}){{0,9}}/?"
)
_PART = re.compile(r"\d{1,40}|[A-Za-z]{1,80}|.")


def read_addresses(
    text: str, marks: Mapping[str, str], digits: Callable[[str], str], gap: str, word: Callable[[str], str] = str
) -> str:
    """The text with its addresses read: ``marks`` in words, digit by digit, letters by ``word``, joined by ``gap``."""
    if not any(mark in text for mark in "@./\\"):
        return text

    def read(match: re.Match[str]) -> str:
        return gap.join(_read_part(part, marks, digits, word) for part in _PART.findall(match[0]))

    return ADDRESS.sub(read, text)


def _read_part(part: str, marks: Mapping[str, str], digits: Callable[[str], str], word: Callable[[str], str]) -> str:
    if part.isdecimal():
        return digits(part)
    return marks[part] if part in marks else word(part)
