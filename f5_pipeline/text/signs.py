"""Signs that a model cannot say, such as emoji: which of them can be dropped, and the text without them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

# A sign with what belongs to it: a flag is two letters, and joiners combine several emoji into one.
_STYLE = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
_SIGN = re.compile(rf"[\U0001f1e6-\U0001f1ff]{{2}}|[^\w\s]{_STYLE}(?:\u200d[^\w\s]{_STYLE})*")
_LOST = "\ufffd"  # stands for text that was lost in decoding
_SHOWN = 5


def are_signs(characters: Sequence[str]) -> bool:
    """True if no character is a letter or a digit, so that a text without them still says the same."""
    return not any(character.isalnum() or character == _LOST for character in characters)


def without_signs(text: str, unsayable: Collection[str]) -> tuple[str, list[str]]:
    """A text without its unsayable signs; letters and digits stay.

    Returns:
        The text, and the signs that were dropped, each once: an emoji of several characters is one sign.
    """
    characters = {each for each in unsayable if are_signs([each])}
    dropped: dict[str, None] = {}

    def replacement(match: re.Match[str]) -> str:
        if characters.isdisjoint(match[0]):
            return match[0]
        dropped[match[0]] = None
        return "" if unicodedata.category(match[0][0])[0] == "M" else " "  # a mark is part of a word

    return _SIGN.sub(replacement, text), list(dropped)


def dropped_note(signs: Collection[str]) -> str:
    """The note on a row whose signs were dropped."""
    return f"Dropped {listed(list(signs))}: the model cannot say {'it' if len(signs) == 1 else 'them'}."


def listed(signs: Sequence[str]) -> str:
    """Signs with code points and names, as some are invisible or look alike: "'😀' (U+1F600 GRINNING FACE)"."""
    shown = ", ".join(map(_described, signs[:_SHOWN]))
    return shown + (f" and {len(signs) - _SHOWN} more characters" if len(signs) > _SHOWN else "")


def _described(sign: str) -> str:
    codes = " ".join(f"U+{ord(character):04X}" for character in sign)
    shown = repr(sign) if len(sign) == 1 else f"'{sign}'"  # in Python's form, a joined emoji would fall apart
    return f"{shown} ({codes} {unicodedata.name(sign[0], 'without a name')})"
