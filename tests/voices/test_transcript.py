"""Transcripts: plain text, SRT, WebVTT and other time stamps as programs write them; what was not spoken."""

from __future__ import annotations

from math import inf

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


STAMPS = "its transcript has time stamps, which are not spoken; they are ignored"
HELLO, HOW = "Hello there.", "How are you?"
#: content of a .txt → start and end of its two cues
STAMPED = [
    (SRT, (0.5, 2.0), (2.25, 4.0)),
    (VTT, (0.5, 2.0), (2.25, 4.0)),
    (f"[00:00:00.500 --> 00:00:02.000]  {HELLO}\n[00:00:02.250 --> 00:00:04.000]  {HOW}\n", (0.5, 2.0), (2.25, 4.0)),
    (f"[00:00.500 --> 00:02.000] {HELLO} [00:02.250 --> 00:04.000] {HOW}", (0.5, 2.0), (2.25, 4.0)),
    (f"0:00:00.500,0:00:02.000\n{HELLO}\n\n0:00:02.250,0:00:04.000\n{HOW}", (0.5, 2.0), (2.25, 4.0)),
    (f"00:00.500 --> 00:02.000 {HELLO}\n00:02.250 --> 00:04.000 {HOW}", (0.5, 2.0), (2.25, 4.0)),
    (f"0:00 - 0:02 {HELLO}\n0:02 - 0:04 {HOW}", (0.0, 2.0), (2.0, 4.0)),
    (f"00:12 {HELLO}\n00:14 {HOW}", (12.0, 14.0), (14.0, inf)),
    (f"(00:12) {HELLO}\n(1:00:14): {HOW}", (12.0, 3614.0), (3614.0, inf)),
    (f"00:00:00:00 - 00:00:02:05\n{HELLO}\n00:00:02:05 - 00:00:04:00\n{HOW}", (0.0, 2.2), (2.2, 4.0)),
    (f"Kind: captions\n\n{SRT.replace('Hello', '<i>Hello</i>')}", (0.5, 2.0), (2.25, 4.0)),
    (f"0:00\nHello\nthere.\n0:03\n{HOW}\n", (0.0, 3.0), (3.0, inf)),
    (f"[ti:A title]\n\n[00:01.50]{HELLO}\n[00:03.00]{HOW}", (1.5, 3.0), (3.0, inf)),
    (f"0.500000\t2.000000\t{HELLO}\n2.250000\t4.000000\t{HOW}\n", (0.5, 2.0), (2.25, 4.0)),
    (f"start\tend\ttext\n500\t2000\t{HELLO}\n2250\t4000\t{HOW}\n", (0.5, 2.0), (2.25, 4.0)),
    (f"[00:01] Hello\n[00:01] there.\n[00:03] {HOW}", (1.0, 3.0), (3.0, inf)),
]


@pytest.mark.parametrize(("text", "first", "second"), STAMPED)
def test_a_text_file_with_time_stamps_is_timed(
    text: str, first: tuple[float, float], second: tuple[float, float]
) -> None:
    cues = (Cue(*first, HELLO), Cue(*second, HOW))
    assert read_transcript(text.encode(), "txt") == Transcript(f"{HELLO} {HOW}", cues, (STAMPS,))


@pytest.mark.parametrize(
    "text",
    [
        "8:30 is early.",
        "8:30 is early. 9:15 is late.",
        "9:15 is late.\n8:30 is early.",
        "8:30 is early.\nYes.",
        "She wakes at 8:30\nShe eats at 12:15",
        "3:1 is a ratio.",
        "12 34",
        "1\t2",
        "1.5\t2.5\tof three\nand four",
        "At 00:12:30 it ends.",
    ],
)
def test_times_of_day_stay(text: str) -> None:
    assert read_transcript(text.encode(), "txt") == Transcript(" ".join(text.split()))


#: a stamp at the beginning that is no time of day
@pytest.mark.parametrize("stamp", ["0:00", "(0:01)", "[0:12]", "0:01:02", "00:01.5", "Anna Smith  0:00\n"])
def test_a_single_stamp_is_not_spoken(stamp: str) -> None:
    assert read_transcript(f"{stamp} {HELLO}".encode(), "txt").text == HELLO


def test_scrolling_captions_are_spoken_once() -> None:
    lines = ["one two", "three four", "five six", "seven eight"]
    cues = "".join(f"00:0{n}.000 --> 00:0{n}.900\n{lines[n]}\n{lines[n + 1]}\n\n" for n in range(3))
    assert read_transcript(cues.encode(), "vtt").text == " ".join(lines)


def test_speech_after_the_last_stamp_has_no_known_end() -> None:
    transcript = read_transcript(f"00:00 {HELLO}\n00:02 {HOW}".encode(), "txt")
    assert transcript.until(100.0).text == HELLO


#: transcript → what is spoken, parts of the warnings
SPOKEN = [
    ("Anna: Hello there.", "Hello there.", ["'Anna:'"]),
    ("ANNA SMITH: Hello.\nAnna Smith: Well.", "Hello. Well.", ["'ANNA SMITH:'"]),
    ("Anna: Hello.\nWell.", "Hello. Well.", ["'Anna:'"]),
    ("- Анна: Привет.", "Привет.", ["'Анна:'"]),
    ("Anna (whispering): Hello.", "Hello.", ["'Anna:'"]),
    ("**Anna:** Hello.\n\n**Anna**: Well.", "Hello. Well.", ["'Anna:'"]),
    ("Anna:\nHello.", "Hello.", ["'Anna:'"]),
    ("Speaker 1 (00:00):\nHello.\nSpeaker 1 (00:05):\nWell.", "Hello. Well.", ["time stamps", "'Speaker 1:'"]),
    ("SPEAKER_00: hello\nSPEAKER_00: there", "hello there", ["'SPEAKER_00:'"]),
    ("[SPEAKER_00]: hello", "hello", ["'SPEAKER_00:'"]),
    ("speaker 1: hello", "hello", ["'speaker 1:'"]),
    ("Speaker 1  0:00\nHello.\nSpeaker 1  0:05\nWell.", "Hello. Well.", ["time stamps", "'Speaker 1:'"]),
    ("00:00 Anna: Hello.\n00:05 Anna: Well.", "Hello. Well.", ["time stamps", "'Anna:'"]),
    # Words before a colon that are spoken.
    ("Note: this is new.", "Note: this is new.", []),
    ("Remember: never.", "Remember: never.", []),
    ("Good News: we won.", "Good News: we won.", []),
    ("He said: never.", "He said: never.", []),
    ("There is one rule: Never.", "There is one rule: Never.", []),
    ("She adds one thing. Berlin: never.", "She adds one thing. Berlin: never.", []),
    ("Look at http://a.example: it is old.", "Look at http://a.example: it is old.", []),
    ("他说：你好。", "他说：你好。", []),
    # Sounds.
    ("[music] Hello [laughs].", "Hello.", ["[music], [laughs]"]),
    ("♪ Hello ♪ (laughs softly) there *sighs*", "Hello there", ["♪, (laughs softly), *sighs*"]),
    ("Hallo (lacht), 你好（笑）【音楽】", "Hallo, 你好", ["【音楽】, (lacht), （笑）"]),
    (">> Hello. >> Well.", "Hello. Well.", [">>"]),
    ("Hello (my old friend), *really*.", "Hello (my old friend), *really*.", []),
    ("Hello (and she loves music), sunny (the sun rises).", "Hello (and she loves music), sunny (the sun rises).", []),
    ("[a] [b] [c] [d] Hello.", "Hello.", ["[a], [b], [c], …"]),
    ("[applause]", "", ["[applause]"]),
    ("12 345", "12 345", []),
    # Markup.
    ("<b>Tea</b> &amp; bread,<br>2 < 3\n{\\an8}and 3 > 2", "Tea & bread, 2 < 3 and 3 > 2", []),
]


@pytest.mark.parametrize(("text", "spoken", "warnings"), SPOKEN)
def test_names_of_speakers_and_sounds_are_not_spoken(text: str, spoken: str, warnings: list[str]) -> None:
    transcript = read_transcript(text.encode(), "txt")
    assert transcript.text == spoken
    assert len(transcript.warnings) == len(warnings)
    assert [part for part, warning in zip(warnings, transcript.warnings, strict=True) if part not in warning] == []


def test_a_cue_without_words_is_no_cue() -> None:
    text = f"0:00 [music]\n0:05 {HELLO}\n0:07 {HOW}"
    assert read_transcript(text.encode(), "txt").cues == (Cue(5.0, 7.0, HELLO), Cue(7.0, inf, HOW))


def test_cues_are_cleaned_one_by_one() -> None:
    text = SRT.replace("Hello", "Anna: Hello").replace("How", "[music]\nAnna: How")
    transcript = read_transcript(text.encode(), "srt")
    assert (transcript.text, transcript.cues) == ("Hello there. How are you?", CUES)
    assert len(transcript.warnings) == 2


def test_plain_transcripts_become_one_line() -> None:
    assert read_transcript(b"\xef\xbb\xbf Hello \r\n there.\n", "txt") == Transcript("Hello there.")
    assert read_transcript("Grüße, 世界".encode("utf-16"), "txt") == Transcript("Grüße, 世界")
    assert read_transcript("Grüße, 世界".encode("utf-16-be").join([b"\xfe\xff", b""]), "txt").text == "Grüße, 世界"
    assert read_transcript(b" \n\t\n", "txt") == Transcript("")
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
        ("Grüße".encode("utf-16")[:-1], "txt", "not UTF-8"),
        (b"{\\rtf1\\ansi hello}", "txt", "rich text"),
        (b"PK\x03\x04\x14\0", "txt", "word processor"),
        (b"\n<!DOCTYPE html>", "txt", "web page"),
        (b'{\n  "text": "hello"\n}', "txt", "JSON"),
        ("Hello".encode("utf-16-le"), "txt", "zero bytes"),
        (b"A: Hello.\nB: Well.", "txt", "more than one speaker"),
        (b"A title\n[00:00:00.000 --> 00:00:01.000] Hello.", "txt", "not at its beginning"),
        (b"[00:02.00] Hello.\n[00:01.00] Well.", "txt", "order"),
        (b"Anna: Hello.\nBen: Well.", "txt", "more than one speaker \\('Anna' and 'Ben'\\)"),
        (b"Anna: Hello there. Ben: Well.", "txt", "more than one speaker"),
        (b"Speaker 1  0:00\nHello.\nSpeaker 2  0:05\nWell.", "txt", "more than one speaker"),
        (VTT.replace("How", "<v Ben>How").encode(), "vtt", "'Anna' and 'Ben'"),
        (b"x" * 200_001, "txt", "200,000 bytes"),
    ],
)
def test_invalid_transcripts_are_refused_with_the_reason(data: bytes, format: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_transcript(data, format)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "part", ["<", "{\\", "\n", " \n", "--> ", "- -", "1\n", "&", "A: ", "A ", "[", "(", "*", "0:00 "]
)
@pytest.mark.parametrize("format", ["vtt", "txt"])
def test_hostile_repetitions_parse_in_linear_time(part: str, format: str) -> None:
    text = "00:01.000 --> 00:02.000\nx" + part * (150_000 // len(part))
    assert read_transcript(text.encode(), format).cues
    assert len(read_transcript(f"x {part * (150_000 // len(part))}".encode(), "txt").text) < 200_000
