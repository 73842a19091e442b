"""Subtitles: cues, times of words, and that ffmpeg and Chromium read the same cues and times."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.delivery.subtitles import Cue, Placement, clip_cues, to_srt, to_vtt
from f5_pipeline.delivery.word_times import WRITTEN_WORD, word_start_times
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.results.transcripts import TimedWord
from tests.audio.ffmpeg import program

CUES = [
    Cue(0.0, 1.5, "Hello there."),
    Cue(2.0004, 3661.9996, "A <b>bold</b> & brave --> text"),
    Cue(3662.0, 3663.0, "two\n\nparagraphs"),
]


def test_srt() -> None:
    assert to_srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n\n"
        "2\n00:00:02,000 --> 01:01:02,000\nA <b>bold</b> & brave → text\n\n"
        "3\n01:01:02,000 --> 01:01:03,000\ntwo paragraphs\n"
    )


def test_vtt() -> None:
    assert to_vtt(CUES) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello there.\n\n"
        "00:00:02.000 --> 01:01:02.000\nA &lt;b&gt;bold&lt;/b&gt; &amp; brave → text\n\n"
        "01:01:02.000 --> 01:01:03.000\ntwo paragraphs\n"
    )


def test_long_texts_are_broken_into_readable_lines() -> None:
    text = "The quick brown fox jumps over the lazy dog, and nobody in the whole wide world was surprised."
    lines = to_srt([Cue(0, 5, text)]).splitlines()[2:]
    assert all(len(line) <= 42 for line in lines)
    assert " ".join(lines) == text


@pytest.mark.parametrize("text", ["", "  ", "\n\n"])
def test_a_cue_without_text_has_a_placeholder(text: str) -> None:
    assert to_srt([Cue(0, 1, text)]) == "1\n00:00:00,000 --> 00:00:01,000\n…\n"


def test_a_clip_without_chunk_spans_is_one_cue() -> None:
    assert clip_cues("One. Two.", Placement(10.0, 2.5)) == [Cue(10.0, 12.5, "One. Two.", (None, None))]


def cues(
    placement: Placement, *times: tuple[float, float], words: Sequence[TimedWord] = ()
) -> list[tuple[float, float, str]]:
    """The cues of a text of three sentences of two words, one span each."""
    text, spans = "One one. Two two.\n\nThree three.", [ChunkSpan(2, *each) for each in times]
    return [(cue.start, cue.end, cue.text) for cue in clip_cues(text, placement, text.lower(), spans, words)]


def test_chunk_spans_are_cues_from_their_first_sample_to_their_last() -> None:
    assert cues(Placement(10.0, 9.0), (0.0, 1.0), (1.5, 2.5), (7.0, 9.0)) == [
        (10.0, 11.0, "One one."),
        (11.5, 12.5, "Two two."),
        (17.0, 19.0, "Three three."),
    ]


def test_cues_of_overlapping_chunk_spans_do_not_overlap() -> None:
    found = cues(Placement(0.0, 3.0), (0.0, 1.1), (1.0, 2.1), (2.0, 3.0))
    assert [(start, end) for start, end, _ in found] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]


def test_chunk_spans_are_shifted_and_cut_like_their_clip() -> None:
    assert cues(Placement(10.0, 1.5, cut_before=1.2), (0.0, 1.0), (1.3, 2.3), (2.4, 9.0)) == [
        (pytest.approx(10.1), pytest.approx(11.1), "Two two."),
        (pytest.approx(11.2), 11.5, "Three three."),
    ]


def test_a_segment_whose_text_is_not_known_extends_the_previous_cue() -> None:
    spans = [ChunkSpan(2, 0.0, 1.0), ChunkSpan(4, 1.5, 3.0), ChunkSpan(2, 3.5, 5.0)]
    found = clip_cues("See 7 42 times. Go on.", Placement(0, 5), "see seven forty two times again. go on.", spans)
    assert [(cue.start, cue.end, cue.text) for cue in found] == [(0, 3, "See 7 42 times."), (3.5, 5, "Go on.")]


# --- words ----------------------------------------------------------------------------------------------------


def words(*times: float | None) -> tuple[TimedWord, ...]:
    names = ["one", "two", "three", "four", "five", "six"]
    return tuple(TimedWord(name, time, time) for name, time in zip(names, times, strict=False) if time is not None)


def timed(placement: Placement, *times: float | None) -> str:
    return to_vtt(clip_cues("One two, three. Four!", placement, transcript=words(*times))).splitlines()[3]


def test_words_have_the_times_of_the_transcript() -> None:
    assert timed(Placement(3600, 3.0), 0.1, 0.5, 1.0, 2.0) == (
        "One <01:00:00.500>two, <01:00:01.000>three. <01:00:02.000>Four!"
    )


def test_trimmed_silence_is_subtracted() -> None:
    assert timed(Placement(0, 3.0, 0.3), 0.1, 0.5, 1.0, 2.0) == (
        "One <00:00:00.200>two, <00:00:00.700>three. <00:00:01.700>Four!"
    )


@pytest.mark.parametrize(
    ("placement", "times", "line"),
    [
        (Placement(0, 3), (0.1, None, 1.0, None), "One two, <00:00:01.000>three. Four!"),
        (Placement(0, 3), (None, None, None, None), "One two, three. Four!"),
        (
            Placement(0, 3),
            (0.0, 0.0, 0.0004, 0.0006),
            "One two, three. <00:00:00.001>Four!",
        ),  # not before the cue starts
        (Placement(0, 3), (0.1, 1.0, 1.0, 1.0004), "One <00:00:01.000>two, three. Four!"),  # strictly ascending
        (Placement(0, 3), (0.1, 1.0, 0.5, 2.0), "One <00:00:01.000>two, three. <00:00:02.000>Four!"),
        (Placement(0, 3), (0.1, 2.9994, 3.0, 9.0), "One <00:00:02.999>two, three. Four!"),  # not after the cue ends
        (Placement(5, 3, 1), (0.1, 0.5, 1.0, 1.5), "One two, three. <00:00:05.500>Four!"),
    ],
)
def test_times_that_the_standard_forbids_are_left_out(
    placement: Placement, times: tuple[float | None, ...], line: str
) -> None:
    assert timed(placement, *times) == line


def test_subrip_has_no_times_of_words() -> None:
    assert "<" not in to_srt(clip_cues("One two, three.", Placement(0, 3), transcript=words(0.1, 1.0, 2.0)))


def test_the_words_of_a_segment_are_timed_in_its_cue() -> None:
    spans = [ChunkSpan(2, 0.0, 1.0), ChunkSpan(2, 2.0, 3.0)]
    found = clip_cues("One two. Three four.", Placement(0, 3), "one two. three four.", spans, words(0.1, 0.6, 2.1, 2.6))
    assert to_vtt(found).splitlines()[2:] == [
        "00:00:00.000 --> 00:00:01.000",
        "One <00:00:00.600>two.",
        "",
        "00:00:02.000 --> 00:00:03.000",
        "Three <00:00:02.600>four.",
    ]


# --- other programs -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_browser_reads_the_same_cues_and_times_of_words(chromium: Any) -> None:
    """Chromium's parser of WebVTT finds the cues, their text and the timestamps of words."""
    text = "A <b>bold</b> & brave --> text, &lt; quite a long one, that has more than a line."
    transcript = [TimedWord(word, 0.2 + at / 4, 0.4 + at / 4) for at, word in enumerate(words_of(text))]
    written = to_vtt(clip_cues(text, Placement(2.0, 8.0), transcript=transcript))
    page = chromium.new_page()
    found = page.evaluate(_READ, written)
    page.close()
    ((start, end, displayed, times),) = found
    assert (start, end) == (2.0, 10.0)
    assert displayed.split() == text.replace("-->", "→").split()
    assert [(word, pytest.approx(time)) for word, time in times] == [
        (part, 2.0 + time)
        for part, time in list(zip(WRITTEN_WORD.findall(text), word_start_times(text, transcript), strict=True))[1:]
        if time is not None
    ]
    assert len(times) > 10


# By the standard's DOM construction rules, the timestamps of a cue are processing instructions in its tree.
_READ = r"""async (text) => {
  const track = document.createElement("track"), audio = document.createElement("audio");
  track.src = URL.createObjectURL(new Blob([text], {type: "text/vtt"}));
  const loaded = new Promise((done, failed) => { track.onload = done; track.onerror = failed; });
  audio.append(track); document.body.append(audio); track.track.mode = "showing";
  await loaded;
  const seconds = (time) => time.split(":").reduce((sum, part) => 60 * sum + parseFloat(part), 0);
  return [...track.track.cues].map((cue) => {
    const tree = cue.getCueAsHTML(), times = [];
    for (const node of tree.childNodes)
      if (node.nodeType === Node.PROCESSING_INSTRUCTION_NODE)
        times.push([node.nextSibling.textContent.trim().split(/\s/)[0], seconds(node.data)]);
    return [cue.startTime, cue.endTime, tree.textContent, times];
  });
}"""


@pytest.mark.parametrize(("name", "write"), [("x.srt", to_srt), ("x.vtt", to_vtt)])
def test_ffmpeg_reads_the_same_times(name: str, write: object, tmp_path: Path) -> None:
    path = tmp_path / name
    assert callable(write)
    path.write_text(write(CUES), encoding="utf-8")
    command = [program("ffmpeg"), "-v", "error", "-i", str(path), "-f", "srt", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    times = re.findall(r"(\S+) --> (\S+)", done.stdout)
    assert times == [
        ("00:00:00,000", "00:00:01,500"),
        ("00:00:02,000", "01:01:02,000"),
        ("01:01:02,000", "01:01:03,000"),
    ]
