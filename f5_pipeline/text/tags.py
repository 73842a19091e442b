"""Tags in a text: ``[pause 0.8s]`` and ``[voice: NAME]``, and what lies between them. ``[[`` and ``]]`` are brackets.

A tag is never read aloud and never passed over: what is not one of these two is an error. Which voices there are, and
how the parts are said, is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from f5_pipeline.text.chunking import PARAGRAPH_PAUSE_SECONDS

SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 60.0  # seconds
LONGEST_PAUSES = 600.0  # of one text together
_MARK = re.compile(r"(?P<literal>\[\[|\]\])|\[(?P<tag>[^\[\]]*)\]|(?P<open>\[)")
_TAG = re.compile(r"\s*(?P<name>[A-Za-z]+)\s*(?P<colon>:?)\s*(?P<value>.*?)\s*", re.DOTALL)
_DURATION = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\s*(?P<unit>ms|s)", re.IGNORECASE | re.ASCII)
_CLOSING = re.compile(r"\s*(?P<marks>[,.;:!?…。，、！？；：)»”’\"']+)(?=\s|$)")  # what ends the words before a tag
_PARAGRAPH_BEFORE = re.compile(r"\n[^\S\n]*\n\s*$|\u2029\s*$")
_PARAGRAPH_AFTER = re.compile(r"\s*?\n[^\S\n]*\n|\s*?\u2029")
_SHOWN = 40  # characters of a tag in a message


class BadTag(Exception):
    """Why a text cannot be taken apart, as a sentence without its full stop."""


@dataclass
class Stretch:
    """What one voice says without a tag in it."""

    text: str
    voice: str | None  # None: nobody is named
    pause_before_seconds: float = 0.0  # of the first stretch only
    pause_after_seconds: float = 0.0


@dataclass(frozen=True)
class _Voice:
    name: str
    tag: str


def stretches(text: str, voice: str | None = None) -> list[Stretch]:
    """Take a text apart at its tags.

    A text without tags is one stretch, as it is. Marks behind a tag end the words before it ("Wait [pause 1s]."). A
    paragraph that ends at a tag is followed by its usual pause, unless the tag is a pause. A tag that names the voice
    that speaks anyway changes nothing.

    Args:
        text: as written.
        voice: who speaks until a tag says otherwise.

    Raises:
        BadTag: a tag is unknown or malformed, a pause too long, or nothing is said in a voice that a tag names.
    """
    if "[" not in text:
        return [Stretch(text, voice)]
    taking = _Apart(voice)
    for part in _parts(text):
        if isinstance(part, str):
            taking.words(part)
        elif isinstance(part, float):
            taking.pause(part)
        else:
            taking.voice(part)
    return taking.done()


def without_tags(text: str) -> str:
    """A text as one reads it: without tags, brackets single. What cannot be taken apart is left as it is."""
    if "[" not in text:
        return text
    try:
        return " ".join(stretch.text.strip() for stretch in stretches(text))
    except BadTag:
        return text


def voices_in(text: str) -> list[str]:
    """The voices that the tags of a text name, also where others of its tags are wrong."""
    tags = (_TAG.fullmatch(mark["tag"]) for mark in _MARK.finditer(text) if mark["tag"] is not None)
    return [tag["value"] for tag in tags if tag and tag["name"].lower() == "voice"]


def pause_tag(seconds: float) -> str:
    """The tag of a pause: ``[pause 0.8s]``."""
    return f"[pause {seconds:g}s]"


def voice_tag(name: str) -> str:
    """The tag of a voice: ``[voice: anna]``."""
    return f"[voice: {name}]"


class _Apart:
    """Puts stretches together, part by part."""

    def __init__(self, voice: str | None) -> None:
        self._found: list[Stretch] = []
        self._voice, self._named = voice, ""  # who speaks, and the tag that says so, until something is said
        self._lead, self._pauses, self._marks = 0.0, 0.0, ""  # silence and marks before the first words
        self._open = False  # whether words go on in the last stretch

    def words(self, text: str) -> None:
        if self._found and not self._open:
            text = self._end_with_marks(text)
        if not any(c.isalnum() for c in text):
            self._blank(text)
        elif self._open:
            self._found[-1].text += text
        else:
            self._begin(self._marks + text)

    def pause(self, seconds: float) -> None:
        self._pauses += seconds
        if self._pauses > LONGEST_PAUSES:
            raise BadTag(f"The pauses of the text are longer than {LONGEST_PAUSES:g} seconds together")
        if self._found:
            self._found[-1].pause_after_seconds += seconds
            self._open = False
        else:
            self._lead += seconds

    def voice(self, voice: _Voice) -> None:
        if self._named:
            raise BadTag(f"Nothing is said between {self._named} and {voice.tag}")
        if voice.name != self._voice:
            self._voice, self._named, self._open = voice.name, voice.tag, False

    def done(self) -> list[Stretch]:
        if self._named:
            raise BadTag(f"Nothing is said after {self._named}")
        return self._found or [Stretch(self._marks, self._voice)]

    def _begin(self, text: str) -> None:
        if self._found:
            last = self._found[-1]
            if not last.pause_after_seconds and (_PARAGRAPH_BEFORE.search(last.text) or _PARAGRAPH_AFTER.match(text)):
                last.pause_after_seconds = PARAGRAPH_PAUSE_SECONDS
        self._found.append(Stretch(text, self._voice, 0.0 if self._found else self._lead))
        self._open, self._named, self._marks = True, "", ""

    def _end_with_marks(self, text: str) -> str:
        """Give the marks that a text begins with to the words before the tag."""
        if match := _CLOSING.match(text):
            self._found[-1].text = self._found[-1].text.rstrip() + match["marks"]
            return text[match.end() :]
        return text

    def _blank(self, text: str) -> None:
        """What nobody can say belongs to the words before it or, at the beginning, to those after it."""
        if self._found:
            self._found[-1].text += text
        else:
            self._marks += text


def _parts(text: str) -> Iterator[str | float | _Voice]:
    """Words, pauses (seconds) and voices, in order."""
    words, at = "", 0
    for mark in _MARK.finditer(text):
        words, at = words + text[at : mark.start()], mark.end()
        if mark["literal"]:
            words += mark["literal"][0]
        elif mark["open"]:
            raise BadTag(f"The '[' before {text[at : at + 20].strip()!r} is not closed; write [[ for a bracket")
        else:
            yield words
            yield _tag(mark["tag"])
            words = ""
    yield words + text[at:]


def _tag(inner: str) -> float | _Voice:
    shown = f"[{inner if len(inner) <= _SHOWN else inner[:_SHOWN] + '…'}]"
    match = _TAG.fullmatch(inner)
    name = match["name"].lower() if match else ""
    if match and name == "pause":
        return _seconds(match["value"], shown)
    if match and name == "voice" and match["value"]:
        return _Voice(match["value"], shown)
    if name == "voice":
        raise BadTag(f"The tag {shown!r} names no voice; write [voice: NAME]")
    raise BadTag(
        f"The tag {shown!r} is unknown; there are [pause 0.8s] and [voice: NAME], and [[ and ]] for brackets in a text"
    )


def _seconds(value: str, shown: str) -> float:
    match = _DURATION.fullmatch(value)
    if match is None:
        raise BadTag(f"The tag {shown!r} is no pause; write [pause 0.8s] or [pause 800ms]")
    seconds = float(match["number"]) / (1000 if match["unit"].lower() == "ms" else 1)
    if not SHORTEST_PAUSE <= seconds <= LONGEST_PAUSE:
        raise BadTag(f"The pause of {shown!r} must be {SHORTEST_PAUSE:g} to {LONGEST_PAUSE:g} seconds long")
    return seconds
