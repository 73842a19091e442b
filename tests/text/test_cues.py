"""Cues of subtitle files in the forms that programs, people and converters write."""

from __future__ import annotations

import pytest

from f5_pipeline.text.cues import is_direction, plain_text, seconds_of, split_cues, turns_of, without_repeats

A, B = ("1", "00:00:01,000", "00:00:02,000", "Good morning."), ("2", "00:00:02,500", "00:00:04,000", "Sit down.")
SRT = "1\n00:00:01,000 --> 00:00:02,000\nGood morning.\n\n2\n00:00:02,500 --> 00:00:04,000\nSit down.\n"


def cues(text: str) -> list[tuple[str, str, str, str]]:
    return [(cue.name, cue.start, cue.end, plain_text(cue.lines)) for cue in split_cues(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SRT, [A, B]),
        (SRT.replace("\n\n", "\n"), [A, B]),  # no blank line between cues
        (SRT.replace("\n\n", "\n \n\n\t\n"), [A, B]),
        (SRT.replace("1\n00", "1\n\n00").replace("2\n00:", "2\n\n00:"), [A, B]),  # a blank line after the number
        (SRT.replace("Good morning.", "Good\n\nmorning."), [A, B]),  # a blank line within a cue
        (SRT.replace("1\n0", "0").replace("2\n0", "0"), [("", *A[1:]), ("", *B[1:])]),  # no numbers
        (SRT + "\n3\n", [A, B]),  # a number without a cue
        (SRT.replace("Sit down.", "3\n"), [A, ("2", *B[1:3], "")]),
        (SRT.replace("Sit down.", "1984"), [A, (*B[:3], "1984")]),  # a number as text
        (SRT.replace(" -->", " ->"), [A, B]),
        (SRT.replace("-->", "-- >"), [A, B]),
        (SRT.replace("2,000", "2,000  X1:40 X2:600 Y1:20 Y2:50"), [A, B]),
        (SRT.replace(":", ": "), [(n, s.replace(":", ": "), e.replace(":", ": "), t) for n, s, e, t in (A, B)]),
        (SRT.replace("Sit down.", "5 -> 6, and --> on"), [A, (*B[:3], "5 -> 6, and --> on")]),
        (SRT.replace("00:00:02,500", "soon"), [A, ("2", "soon", *B[2:])]),
        (SRT.replace("2\n00", "9" * 5000 + "\n00"), [A, ("9" * 5000, *B[1:])]),
        ("By a fan\n\n" + SRT, [("", "", "", "By a fan"), A, B]),  # text without times
    ],
)
def test_srt(text: str, found: list[tuple[str, str, str, str]]) -> None:
    assert cues(text) == found


VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE a remark
of two lines

intro
00:01.000 --> 00:02.500 align:start position:10%
Good morning.

NOTE

00:02.500 --> 00:04.000
STYLE
is a word.

REGION
id:x

A paragraph more.
"""


def test_webvtt() -> None:
    assert cues(VTT) == [
        ("intro", "00:01.000", "00:02.500", "Good morning."),
        ("", "00:02.500", "00:04.000", "STYLE is a word. A paragraph more."),
    ]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("01:02:03,500", 3723.5),
        ("00:00:02.6", 2.6),
        ("75:10.250", 4510.25),
        ("00: 00: 02,000", 2.0),
        ("12.5", 12.5),
        ("12,5", 12.5),
        ("7", 7.0),
        ("-00:00:01,000", -1.0),
        ("00:00:01,123456", 1.123456),
        ("00:61:00", None),
        ("00:00:61", None),
        ("00:00:01:12", None),  # frames of an unknown rate
        ("soon", None),
        ("", None),
    ],
)
def test_times(time: str, seconds: float | None) -> None:
    assert seconds_of(time) == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<i>Yes</i>, <b>she</b> <font color='#fff'>said</font>.", "Yes, she said."),
        ("{\\an8}Up here", "Up here"),
        ("<c.yellow>Yes</c><00:00:01.000><c> no</c>", "Yes no"),
        ("Fish &amp; chips &lt;3", "Fish & chips <3"),
        ("a < b and c > d", "a < b and c > d"),
        ("One\\Ntwo<br>three", "One two three"),
    ],
)
def test_markup_is_removed(written: str, text: str) -> None:
    assert plain_text([written]) == text


@pytest.mark.parametrize(
    ("lines", "turns"),
    [
        (["Good", "morning."], [("", "Good morning.")]),
        (["- Hi.", "- Hello."], [("", "Hi. Hello.")]),
        (["–Hola.", "–¿Qué tal?"], [("", "Hola. ¿Qué tal?")]),
        (["-5 degrees", "- and falling"], [("", "-5 degrees - and falling")]),
        (["<v Anna>Hi.</v> <v.loud Bob>Hello.</v>"], [("Anna", "Hi."), ("Bob", "Hello.")]),
        (["<v Anna>Hi,", "you.", "<v Bob>Hello."], [("Anna", "Hi, you."), ("Bob", "Hello.")]),
        (["ANNA: Hi.", "- Hello."], [("ANNA", "Hi."), ("", "Hello.")]),
        (["- MAN 1: Hi.", "- DR. SMITH: Hello."], [("MAN 1", "Hi."), ("DR. SMITH", "Hello.")]),
        ([">> ANNA:", "Hi.", ">>> Hello."], [("ANNA", "Hi."), ("", "Hello.")]),
        (["Anna: Hi."], [("", "Anna: Hi.")]),  # may be part of the sentence
        (["WARNING: KEEP OUT"], [("", "WARNING: KEEP OUT")]),  # a sign
    ],
)
def test_speakers(lines: list[str], turns: list[tuple[str, str]]) -> None:
    assert turns_of(lines) == turns


@pytest.mark.parametrize(
    "text", ["", "[music]", "(laughs)", "♪ La la la ♪", "♪ La la", "# La la #", "[door] (sighs) …"]
)
def test_directions(text: str) -> None:
    assert is_direction(text)
    assert not is_direction(f"{text} Hello." if "♪" not in text and "#" not in text else "#1 is here.")


ROLLING = """WEBVTT

00:00.000 --> 00:02.000
good<00:00.500><c> morning</c>

00:02.000 --> 00:02.010
good morning

00:02.010 --> 00:04.000
good morning
to<00:02.500><c> all</c>

00:04.000 --> 00:04.010
to all

00:04.010 --> 00:06.000
to all
of<00:04.500><c> you</c>
"""


def test_scrolling_captions_are_spoken_once() -> None:
    found = [(cue.start, plain_text(cue.lines)) for cue in without_repeats(split_cues(ROLLING))]
    assert found == [("00:00.000", "good morning"), ("00:02.010", "to all"), ("00:04.010", "of you")]


def test_a_line_that_is_said_twice_stays() -> None:
    text = SRT + "".join(f"\n{n}\n00:00:0{n},000 --> 00:00:0{n},900\nSit down.\n" for n in range(5, 9)) + "Now.\n"
    assert without_repeats(split_cues(text)) == split_cues(text)
