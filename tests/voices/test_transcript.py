"""Transcripts: plain text, and SRT and WebVTT as real programs write them."""

from __future__ import annotations

import pytest

from f5_pipeline.voices.transcript import Cue, Transcript, read_transcript

CUES = (Cue(0.5, 2.0, "Hello there."), Cue(2.25, 4.0, "How are you?"))
SRT = "1\n00:00:00,500 --> 00:00:02,000\nHello\nthere.\n\n2\n00:00:02,250 --> 00:00:04,000\nHow are you?\n"
VTT = (
    "WEBVTT - a title\n\nNOTE a remark\n\nSTYLE\n::cue { color: red }\n\nintro\n"
    "00:00.500 --> 00:02.000 align:start\n<v Anna>Hello</v> <i>there.</i>\n\n00:02.250 --> 00:04.000\nHow are you?\n"
)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (SRT, "srt"),
        (VTT, "vtt"),
        ("\ufeff" + SRT.replace("\n", "\r\n"), "srt"),
        (SRT.replace(",", "."), "srt"),
        (SRT.replace("\n\n", "\n \n\n\n"), "srt"),
        (SRT.replace("Hello", "{\\an8}Hello"), "srt"),
        (SRT + "\n3\n", "srt"),
    ],
)
def test_timed_transcripts(text: str, format: str) -> None:
    assert read_transcript(text.encode(), format) == Transcript("Hello there. How are you?", CUES)


def test_plain_transcripts_become_one_line() -> None:
    assert read_transcript(b"\xef\xbb\xbf Hello \r\n there.\n", "txt") == Transcript("Hello there.")
    assert read_transcript(b"", "txt") == Transcript("")
    assert read_transcript(b"", "srt") == Transcript("")


def test_hours_and_entities() -> None:
    (cue,) = read_transcript(b"01:02:03.5 --> 01:02:04.25\nA &amp; B\n", "vtt").cues
    assert cue == Cue(3723.5, 3724.25, "A & B")


def test_the_transcript_up_to_a_time() -> None:
    transcript = Transcript("Hello there. How are you?", CUES)
    assert transcript.until(3.9) == Transcript("Hello there.", CUES[:1])
    assert transcript.until(4.0) == transcript
    assert transcript.until(1.0) == Transcript("")


@pytest.mark.parametrize(
    ("data", "format", "message"),
    [
        ("Jürgen".encode("latin-1"), "txt", "not UTF-8"),
        (b"Just some text", "srt", "SRT"),
        (b"00:02.000 --> 00:01.000\nA\n", "vtt", "order"),
        (b"00:02.000 --> 00:03.000\nA\n\n00:01.000 --> 00:02.000\nB\n", "vtt", "order"),
        (b"x" * 200_001, "txt", "200,000 bytes"),
    ],
)
def test_invalid_transcripts_are_refused_with_the_reason(data: bytes, format: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_transcript(data, format)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("part", ["<", "{\\", "\n", " \n", "00:00 --> ", "1\n", "&"])
def test_hostile_repetitions_parse_in_linear_time(part: str) -> None:
    text = "00:01.000 --> 00:02.000\n" + part * (150_000 // len(part))
    assert read_transcript(text.encode(), "vtt").cues
