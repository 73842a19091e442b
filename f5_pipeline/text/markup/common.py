"""What the kinds of markup share: refusals, protected characters, ends of sentences."""

from __future__ import annotations

import re

from f5_pipeline.text.tag_syntax import BadTag

_SHOWN = 40  # characters of an excerpt in a message
# Characters with a meaning in some markup, and the noncharacters that stand for them while a text is interpreted.
_MEANINGFUL = "<>&{}[]*_`~#%$\\^|《》()（）【】@"
_PROTECTED = str.maketrans({c: chr(0xFDD0 + i) for i, c in enumerate(_MEANINGFUL)})
_RESTORED = str.maketrans(
    {chr(0xFDD0 + i): {"[": "[[", "]": "]]"}.get(c, c) for i, c in enumerate(_MEANINGFUL)}
)  # fmt: skip
_NONCHARACTER = re.compile("[\ufdd0-\ufdef]")
_IDEOGRAPHIC = ("\u3040", "\u9fff")  # first and last character of the scripts that end a sentence with 。


class BadMarkup(BadTag):
    """A text has markup that cannot be spoken. The message is one sentence without its full stop."""


def literal(text: str) -> str:
    """The text with every character protected that has a meaning in some markup."""
    return text.translate(_PROTECTED)


def restored(text: str) -> str:
    """The text without protection. Protected brackets become ``[[`` and ``]]``, the brackets of ``split_at_tags``."""
    return text.translate(_RESTORED)


def check_characters(text: str) -> None:
    """Refuse the characters that protect others.

    Raises:
        BadMarkup: the text has one of them.
    """
    if match := _NONCHARACTER.search(text):
        raise BadMarkup(f"The character U+{ord(match[0]):04X} is no character of any script; remove it")


def ended(text: str) -> str:
    """The text with a full stop at its end, unless it ends with a mark."""
    text = text.rstrip()
    last = text.rstrip("*_~")[-1:]  # marks of emphasis do not end a sentence
    if not last.isalnum():
        return text
    return text + ("。" if _IDEOGRAPHIC[0] <= last <= _IDEOGRAPHIC[1] else ".")


def shown(text: str) -> str:
    """A short excerpt in quotes, for messages."""
    text = restored(text).replace("[[", "[").replace("]]", "]").replace("\n", " ")
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def words_of(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())
