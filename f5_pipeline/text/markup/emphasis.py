"""Markdown within a sentence, where it can be nothing else: emphasis, code, links, images, headings.

``2 * 3 * 4``, ``snake_case``, ``[laughs](softly)`` and ``#1`` are no Markdown.
"""

from __future__ import annotations

import re

from f5_pipeline.text.markup.common import ended, literal

_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)([^`\n]+)\1(?!`)")
_OUTSIDE, _FOLLOWED = r"(?<![A-Za-z0-9.%!?)\]{0}])", r"(?![A-Za-z0-9{0}])"
_DELIMITED = tuple(
    re.compile(
        _OUTSIDE.format(mark) + re.escape(mark) * count + rf"(?=[^\s.,;:!?){mark}])([^{mark}\n]*[^\s{mark}])"
        + re.escape(mark) * count + _FOLLOWED.format(mark)
    )
    for mark, count in (("*", 1), ("*", 2), ("*", 3), ("_", 1), ("_", 2), ("~", 2))
)  # fmt: skip
_ADDRESS = r"\(\s*<?(?:https?:|mailto:|/|#|\.|www\.|[\w-]+\.\w)(?:[^()\n]|\([^()\n]*\))*\)"
_IMAGE = re.compile(rf"!\[([^\[\]\n]*)\]{_ADDRESS}")
_LINK = re.compile(rf"\[([^\[\]\n]*)\]{_ADDRESS}")
_HEADING = re.compile(r"^ {0,3}(?:#{2,6} +|# +(?=[^\Wa-z]))(\S.*)$", re.MULTILINE)


def without_emphasis(text: str) -> str:
    """The text without the marks of emphasis: ``*a*``, ``**a**``, ``_a_``, ``~~a~~``."""
    for mark, patterns in (("*", _DELIMITED[:3]), ("_", _DELIMITED[3:5]), ("~~", _DELIMITED[5:])):
        if mark in text:
            for pattern in patterns:
                text = pattern.sub(r"\1", text)
    return text


def without_code_marks(text: str) -> str:
    """The text without back-ticks around code; what is in them is no markup."""
    return _CODE.sub(_code, text) if "`" in text else text


def _code(match: re.Match[str]) -> str:
    """The content of code; what has an apostrophe may be between quotes: `one' and `two'."""
    return match[0] if match[1] == "`" and "'" in match[2] else literal(match[2])


def without_links(text: str) -> str:
    """The text with links and images replaced by their text."""
    if "](" in text:
        text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    return text


def without_heading_marks(text: str) -> str:
    """The text with ``## Title`` as the sentence ``Title.``"""
    return _HEADING.sub(lambda match: ended(match[1].rstrip(" #")), text) if "#" in text else text
