"""Reading the transcript of a voice: plain text, or SRT, WebVTT and other time stamps with the times of cues.

``text.cues`` parses subtitles, ``voices.time_stamps`` other stamps; ``voices.spoken_words`` removes what was not
spoken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from f5_pipeline.text.cues import plain_text, seconds_of, split_cues, without_repeats
from f5_pipeline.voices.spoken_words import check_one_speaker, spoken_words
from f5_pipeline.voices.time_stamps import has_cues, parse_time_stamps

_MAX_BYTES = 200_000
_VOICE_TAG = re.compile(r"<v(?:\.[\w.]{1,80})?[ \t]{1,9}([^<>\n]{1,80})>")  # WebVTT: <v Anna>
_BEGINNING = 200  # bytes
_DOCUMENTS = {  # first bytes, without white space → what the file is
    b"{\\rtf": "a rich text (RTF) document",
    b"PK\x03\x04": "a word processor's document (.docx or .odt)",
    b"\xd0\xcf\x11\xe0": "a Word document (.doc)",
    b"%PDF": "a PDF document",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"<?xml": "an XML document",
    b'{"': "a JSON document",
    b'[{"': "a JSON document",
}


@dataclass(frozen=True)
class Cue:
    """A part of a transcript; ``start`` and ``end`` are seconds from the start of the recording."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Transcript:
    """The text of a reference recording, with its cues if it is timed."""

    text: str
    cues: tuple[Cue, ...] = ()
    warnings: tuple[str, ...] = ()  # what was left out, as clauses for the user

    def until(self, seconds: float) -> Transcript:
        """The transcript up to ``seconds``: the cues that end by then."""
        return _from_cues([cue for cue in self.cues if cue.end <= seconds], self.warnings)


def read_transcript(data: bytes, format: str) -> Transcript:
    """Parse a transcript.

    Args:
        data: the file; UTF-8, or UTF-16 with a byte order mark.
        format: "txt", "srt" or "vtt". A ``.txt`` may have the content of any.

    Raises:
        ValueError: the transcript is too long, not text, or of two speakers, or it is timed and has no cues or
            impossible times. The message is a clause for the user.
    """
    text = _decoded(data)
    check_one_speaker(_VOICE_TAG.findall(text))
    cues = _timed_cues(text, format)
    if cues is None:
        (plain,), warnings = spoken_words([_without_markup(text)])
        return Transcript(plain, (), warnings)
    if text.strip() and not cues:
        raise ValueError(f"its transcript has no valid {format.upper()} cue")
    if any(cue.end <= cue.start for cue in cues) or any(a.start > b.start for a, b in pairwise(cues)):
        raise ValueError("the cues of its transcript are not in chronological order")
    words, warnings = spoken_words([cue.text for cue in cues])
    if format == "txt":
        warnings = ("its transcript has time stamps, which are not spoken; they are ignored", *warnings)
    spoken = [replace(cue, text=text) for cue, text in zip(cues, words, strict=True) if text]
    return _from_cues(spoken, warnings)


def _decoded(data: bytes) -> str:
    """The text of a transcript, with ``\\n`` as line end."""
    if len(data) > _MAX_BYTES:
        raise ValueError(f"its transcript is longer than {_MAX_BYTES:,} bytes")
    beginning = b"".join(data[:_BEGINNING].split())
    if kind := next((kind for magic, kind in _DOCUMENTS.items() if beginning.startswith(magic)), None):
        raise ValueError(f"its transcript is {kind}, not plain text; save it as plain text in UTF-8")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"its transcript is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if "\0" in text:
        raise ValueError("its transcript is not UTF-8 (it has zero bytes); save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _from_cues(cues: list[Cue], warnings: tuple[str, ...] = ()) -> Transcript:
    return Transcript(" ".join(cue.text for cue in cues if cue.text), tuple(cues), warnings)


def _timed_cues(text: str, format: str) -> list[Cue] | None:
    """The cues of a transcript, without markup, with their line ends; None if it is plain text."""
    if format == "txt" and not has_cues(text):
        stamped = parse_time_stamps(text)
        return None if stamped is None else [Cue(start, end, _without_markup(part)) for start, end, part in stamped]
    times = [(seconds_of(cue.start), seconds_of(cue.end), cue) for cue in without_repeats(split_cues(text))]
    return [
        Cue(start, end, _without_markup("\n".join(cue.lines)))
        for start, end, cue in times
        if start is not None and end is not None
    ]


def _without_markup(text: str) -> str:
    """The text without tags and entities, with its line ends."""
    return "\n".join(plain_text([line]) for line in text.split("\n"))
