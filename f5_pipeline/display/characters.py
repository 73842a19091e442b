"""Characters of untrusted text that would control a terminal, break a line of a file or reverse the direction of text.

Accents, scripts of all languages, joiners (required by Persian and Indic scripts and by emoji) and no-break spaces are
left as they are.
"""

from __future__ import annotations

import json
import re
from typing import Any

_REPLACEMENT = "\ufffd"
_BREAKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
#: Controls (C0, DEL, C1), line and paragraph separators, marks and overrides of the direction of text, byte order mark,
#: annotation marks, and the halves of surrogate pairs, which cannot be encoded.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Untrusted text on one line: tabs and line breaks become spaces, other control characters U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub(lambda match: " " if match[0] in _BREAKS else _REPLACEMENT, text)


def visible_lines(text: str) -> str:
    """As ``visible``, for formats in which a text may have lines: line breaks ("\\n") and tabs are kept."""
    if text.isascii() and text.isprintable():
        return text
    parts = re.split(r"(\n|\t)", text.replace("\r\n", "\n"))
    return "".join(part if part in ("\n", "\t") else visible(part) for part in parts)


def escape_json(document: str) -> str:
    """A JSON document with the same content, without control characters: they become ``\\uXXXX`` escapes.

    Line breaks between the values are kept; inside strings, JSON escapes them anyway.
    """
    return _CONTROLS.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", document)


def to_json(document: Any) -> str:
    """A value as indented JSON for a terminal or a pipe: readable in all scripts, without control characters."""
    return escape_json(json.dumps(document, ensure_ascii=False, indent=2))
