"""Directions and footnote marks in brackets: ``[laughs]``, ``*sighs*``, ``(sighs)``, ``[3]``.

In square brackets, a direction is a sound or an action by its words (``vocabulary``), or a phrase of one to five words
that stands between sentences. The words of other square brackets are spoken ("He saw [the king]."), unless they look
like a tag. In parentheses, a direction is a sound by its words; a form such as "laughing" must follow a mark, and all
else is spoken. In asterisks, it follows a mark: "He *laughs* at that." has emphasis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from f5_pipeline.text.chunking import sentences
from f5_pipeline.text.markup.common import BadMarkup, shown
from f5_pipeline.text.markup.game import bbcode_text, ended_in_brackets, is_bbcode
from f5_pipeline.text.markup.placeholders import is_placeholder, without_value
from f5_pipeline.text.markup.vocabulary import (
    is_action,
    is_mood,
    is_noise,
    is_short_phrase,
    is_sound,
    is_unmistakable,
)
from f5_pipeline.text.tag_syntax import TAG_NAMES, is_like_tag

_CANDIDATE = re.compile(
    r"\[\[|\]\]|[\[［](?P<square>[^\[\]［］]*)[\]］]|(?:\((?P<round>[^()\[\]\n]{1,60})\)|（(?P<wide>[^（）\[\]\n]{1,60})）)"
    r"|\*(?P<star>[^\W\d_][^*\[\]\n]{0,60}?)\*(?![*\w])"
)
_FOOTNOTE = re.compile(
    r"\^[^\s\]]{1,40}|[1-9]\d{0,2}(?:\s*[,–-]\s*[1-9]\d{0,2})*|(?:note|nb|fn|n)\.? ?\d{1,3}"
    r"|\d{1,2}(?::\d\d){1,2}(?:[.,]\d{1,3})?",  # a time stamp
    re.ASCII | re.IGNORECASE,
)
_NOTE_WORDS = frozenset(("sic", "sic!", "note", "who?", "when?", "where?", "which?", "by whom?", "edit"))
_ROMAN = frozenset("ivx")
_BOUNDARY = tuple(".!?…,;:—–-\"'”’»)]*♪>。！？、，：；」』）")  # after these, a direction can stand apart
_AFTER_SENTENCE = tuple('"”»]):—–-')  # besides sentence marks
_LOOK_BACK = 40  # characters
_OMISSION = ("...", "…", ". . .")
_CLOSING = tuple(".,;:!?…。，、！？；：")


def without_directions(text: str, directions: str, notes: list[str]) -> str:
    """The text without directions and bracketed footnote marks; our own tags and ``[[`` ``]]`` stay.

    Args:
        text: without other markup.
        directions: "reject", "drop" or "speak" (the words without their brackets).
        notes: gets a sentence for each direction that is dropped, and for each bracket whose words are spoken.

    Raises:
        BadMarkup: a bracket is a placeholder, or a direction, and directions are to be rejected.
    """
    reader = _Reader(text, directions, notes, ended_in_brackets(text) if "[/" in text else frozenset())
    position = 0
    for match in _CANDIDATE.finditer(text):
        if match.start() >= position:
            reader.keep(text[position : match.start()])
            position = reader.read(match)
    reader.keep(text[position:])
    return "".join(reader.parts)


@dataclass
class _Reader:
    """The text that is read so far."""

    text: str
    directions: str
    notes: list[str]
    ended: frozenset[str]
    parts: list[str] = field(default_factory=list)

    def keep(self, text: str) -> None:
        if text:
            self.parts.append(text)

    def read(self, match: re.Match[str]) -> int:
        """Decide on one bracket; returns where the text continues."""
        if match["square"] is not None:
            return self._square(match)
        inner = match["round"] or match["wide"] or match["star"] or ""
        if self._is_act(match, inner) if match["star"] else self._is_aside(match, inner):
            return self._direction(match, inner)
        self.keep(match[0])
        return match.end()

    def _square(self, match: re.Match[str]) -> int:
        inner = match["square"].strip()
        inner = inner.strip("*_") or inner  # of emphasis; [*] alone is BBCode
        if is_bbcode(inner, self.ended):
            self.keep(bbcode_text(inner))
        elif is_placeholder(inner):
            raise without_value(match[0])
        elif inner in _OMISSION:
            self.keep("...")
        elif self._is_footnote(match, inner):
            return self._direction(match, inner, "footnote mark")
        elif self._is_direction(match, inner):
            return self._direction(match, inner)
        elif is_like_tag(inner):
            self.keep(f"[{match['square']}]")
        elif self._is_in_word(match):
            self.keep(inner)
        else:
            self.keep(inner if is_short_phrase(inner) else f"({inner})")
            self.notes.append(f"The words in the brackets {shown(match[0])} are spoken.")
        return match.end()

    def _is_footnote(self, match: re.Match[str], inner: str) -> bool:
        """True for [3], [12, 13], [^name], [sic], and for a letter or a Roman numeral after a mark: "the end.[a]"."""
        words = inner.lower()
        if words in _NOTE_WORDS or words.endswith(" needed") or words.startswith("emphasis "):
            return True
        if _FOOTNOTE.fullmatch(inner):
            return True
        before = self.text[max(0, match.start() - 1) : match.start()]
        return before in _CLOSING and (len(inner) == 1 or _ROMAN.issuperset(inner))

    def _is_direction(self, match: re.Match[str], inner: str) -> bool:
        """True for a direction in square brackets, and for signs without a word."""
        if is_sound(inner) or is_noise(inner):
            return inner.lower() not in TAG_NAMES  # [pause] is an incomplete tag of ours
        if is_like_tag(inner):
            return False
        if is_short_phrase(inner):
            return (is_mood(inner) and self._stands_apart(match)) or self._is_between_sentences(match)
        return not any(map(str.isalnum, inner))

    def _is_aside(self, match: re.Match[str], inner: str) -> bool:
        """True for a direction in parentheses."""
        if is_sound(inner) and is_unmistakable(inner):
            return True
        if inner.istitle() and self._continues(match.end()):
            return False  # (Sadly) he died.
        return (is_sound(inner) or is_noise(inner)) and self._stands_apart(match)

    def _is_act(self, match: re.Match[str], inner: str) -> bool:
        """True for a direction in asterisks: "*sighs*", "*walks to the door* Come in!"."""
        if not self._stands_apart(match):
            return False
        if is_sound(inner) and is_unmistakable(inner):
            return True
        return (is_sound(inner) or is_action(inner)) and not self._continues(match.end())

    def _continues(self, end: int) -> bool:
        """True if a small letter follows, also after a comma, so that the sentence goes on."""
        return self.text[end : end + 3].lstrip(", ")[:1].islower()

    def _direction(self, match: re.Match[str], inner: str, kind: str = "direction") -> int:
        if self.directions == "reject":
            raise BadMarkup(f"The text has the {kind} {shown(match[0])}; remove it, or set directions = 'drop'")
        if self.directions == "speak":
            self.keep(inner)
            return match.end()
        self.notes.append(f"The {kind} {shown(match[0])} is not spoken.")
        return self._cut(match.end())

    def _cut(self, end: int) -> int:
        """Leave one space between the words around what is dropped, and none before a mark; returns the new end."""
        rest = self.text[end : end + 2]
        before = self._before()
        if not before and rest.lstrip()[:1] in (*",;:", ""):
            return end + len(rest) - len(rest.lstrip(" ,;:"))
        if before and rest.startswith((*_CLOSING, ")", "）")):
            self.parts[-1] = self.parts[-1].rstrip(" ")
            marks = {".": _CLOSING, ",": tuple(",;:!?…")}.get(rest[0], ())
            return end + self._before().endswith(marks)
        return end + (rest[:1] == " " and (not before or before[-1].isspace()))

    def _before(self) -> str:
        """The last characters that are read."""
        return self.parts[-1] if self.parts else ""

    def _stands_apart(self, match: re.Match[str]) -> bool:
        """True if a sentence begins, or a mark stands, before the bracket."""
        before = self.text[max(0, match.start() - 3) : match.start()].rstrip()
        return not before.strip() or before.endswith(_BOUNDARY)

    def _is_between_sentences(self, match: re.Match[str]) -> bool:
        """True if the bracket stands between spaces, after a sentence or a line end, and a sentence may follow."""
        start, end = match.span()
        before, after = self.text[max(0, start - _LOOK_BACK) : start], self.text[end : end + 1]
        if (after and not after.isspace()) or self._continues(end):
            return False
        if not before.strip() or "\n" in before[len(before.rstrip()) :]:
            return True
        return before[-1].isspace() and _begins_sentence(before.rstrip())

    def _is_in_word(self, match: re.Match[str]) -> bool:
        """True for letters that an editor put into a word: "[T]he", "walk[ed]"."""
        around = self.text[max(0, match.start() - 1) : match.start()] + self.text[match.end() : match.end() + 1]
        return any(map(str.isalpha, around))


def _begins_sentence(before: str) -> bool:
    """True if a sentence begins after this text: not after "Mr."."""
    return before.endswith(_AFTER_SENTENCE) or sentences(f"{before} X")[-1] == "X"
