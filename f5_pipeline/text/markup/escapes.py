r"""Escape sequences that spreadsheets and games leave in a text: ``\n``, ``\t``, ``\"``, ``\u00e9``, ``_x000D_``."""

from __future__ import annotations

import re

from f5_pipeline.text.markup.common import literal

_OFFICE = re.compile(r"_x(00(?:0[9AaDd]|5[Ff]))_")  # control characters and "_", as in the XML of a spreadsheet
_OFFICE_CHARACTERS = {"0009": " ", "000A": "\n", "000D": "", "005F": literal("_")}
# A path of Windows has no escapes: C:\new, \\server\share. "C:\nThen" is a line end before a capital.
_ESCAPE = re.compile(
    r"(?P<override>\{(?:\\[\w&(),.+-]+)+\})"  # of subtitles in the format ASS: {\an8}
    r"|(?<!\S)(?P<path>[A-Za-z]:\\(?!n[A-Z])\S*|\\\\\w+\\\w\S*)"
    r"|\\{1,2}(?:(?P<letter>[nN](?!\[\d)|[rt\"'/])|u(?P<code>[0-9A-Fa-f]{4})|U000(?P<long>[0-9A-Fa-f]{5})"
    r"|(?P<mark>[*_\[\]#`~&%$.!()<>{}])|(?P<wait>[|^]))"  # \| and \^ are waits of RPG Maker
)
_LETTERS = {"n": "\n", "N": "\n", "r": "", "t": " "}
_SURROGATES = re.compile("[\ud800-\udfff]")


def without_office_escapes(text: str) -> str:
    """The text with the escape sequences of spreadsheets replaced by what they stand for."""
    return _OFFICE.sub(lambda match: _OFFICE_CHARACTERS[match[1].upper()], text) if "_x00" in text else text


def without_escapes(text: str) -> str:
    """The text with the escape sequences of programs replaced by what they stand for."""
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_replacement, text)
    # Characters beyond U+FFFF are escaped as two surrogates; half a pair becomes U+FFFD, which no model can say.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _SURROGATES.search(text) else text


def _replacement(match: re.Match[str]) -> str:
    if match["override"] or match["wait"]:
        return ""
    if written := match["path"] or match["mark"]:
        return literal(written)
    if code := match["code"] or match["long"]:
        return literal(chr(int(code, 16)))
    return _LETTERS.get(match["letter"], match["letter"])
