"""English: web and mail addresses, spoken sign by sign."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.counting import cardinal, digits, year
from f5_pipeline.languages.english.words import FUNCTION_WORDS, STRESSED

_SIGNS = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "?": "question mark", "=": "equals",
    "&": "and", "#": "hash", ":": "colon", "%": "percent", "~": "tilde", "+": "plus",
}  # fmt: skip
# Words that follow a full stop without a space are no top-level domains, except these.
_TOP_LEVEL = "com|org|net|edu|gov|mil|int|info|biz|name|museum|io|ai|app|dev|tv|me|co|us|uk|de|fr|es|it|pt|ru|eu|ca"
_TOP_LEVEL += (
    "|au|nz|jp|kr|cn|in|br|mx|ch|at|nl|be|se|no|dk|fi|pl|cz|ie|gr|tr|il|za|sg|hk|ly|gg|fm|xyz|online|site|shop"
)
_TOP_LEVEL += "|store|tech|blog|cloud|club|live|news|page|pro|space|world|zone|agency|digital|studio|media|wiki|sm"
_WORDS = "me|in|at|be|no|it|us|is|name|live|news|page|pro|space|world|club|store|shop|zone|museum|media|site|cloud|blog"
_WORDS += "|online|int|digital|studio|agency"
_END = r"(?=[.,;:!?)\]'\"]{0,9}(?:\s|$))"
_HOST = r"[A-Za-z0-9-]{1,63}"
_PATH = r"(?:/[^\s<>\",;)]{0,500}[A-Za-z0-9/])?"
_ADDRESS = re.compile(
    rf"""\b(?:[A-Za-z0-9._%+&-]{{1,64}}@{_HOST}(?:\.{_HOST}){{1,8}}\b{_PATH}
    |(?:https?|ftp|file)://[^\s<>"]{{1,500}}?{_END}
    |www\.[^\s<>"]{{1,500}}?{_END}
    |(?:{_HOST}\.){{1,8}}(?:(?!(?:{_WORDS})\b)(?:{_TOP_LEVEL})\b(?!\.?[A-Za-z])(?::\d{{2,5}}\b)?{_PATH}
     |(?:{_WORDS})(?=/){_PATH}))""",
    re.VERBOSE,
)
_FILES = (
    "tar|gz|tgz|txt|html?|pdf|docx?|xlsx?|pptx?|csv|md|py|js|json|xml|ya?ml|png|jpe?g|gif|svg|mp3|mp4|wav|flac|zip|exe"
)
_FILE_POINT = re.compile(rf"(?<=[\w-])\.(?=(?:{_FILES})\b)")
_NAME_POINT = re.compile(r"(?<=[a-z0-9]{2})(?<![0-9]{2})\.([a-z][a-z0-9]{1,2})\b(?!\.\w|')")
_LIKE_ADDRESS = re.compile(r"@|://|\.(?<=\w\.)[A-Za-z]")
_DIGITS = re.compile(r"\d+")
_FILE = "file://"


def addresses_in_words(text: str) -> str:
    """The text with addresses, files ("a.txt") and other names with a point in words."""
    if not _LIKE_ADDRESS.search(text):
        return text
    text = _FILE_POINT.sub(" dot ", _ADDRESS.sub(_address, text))
    return _NAME_POINT.sub(_name_point, text)


def _address(match: re.Match[str]) -> str:
    written = match[0]
    if written.startswith(_FILE):
        written = written.removeprefix(_FILE).lstrip("/")
    bare = re.sub(r"^(?:https?|ftp)://|(?<![\w.])www\.", "", re.sub(r"^https?://www\.", "", written)).rstrip("/")
    named = "".join(f" {_SIGNS[c]} " if c in _SIGNS else c for c in bare)
    return " ".join(_DIGITS.sub(_number, named).split())


def _name_point(match: re.Match[str]) -> str:
    """ "test.abc": a name rather than a full stop without a space after it."""
    word = match[1]
    return match[0] if word in FUNCTION_WORDS or word.upper() in STRESSED or word == "etc" else f" dot {word}"


def _number(match: re.Match[str]) -> str:
    """One or two digits are a number, four may be a year; others are read digit by digit."""
    number = match[0]
    if number[0] != "0" and (len(number) < 3 or number.endswith("00")):
        return f" {cardinal(number)} "
    return f" {year(number) if len(number) == 4 and number[:2] in ('19', '20') else digits(number)} "
