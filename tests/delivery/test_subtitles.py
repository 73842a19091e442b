"""Subtitles as other programs read them: ffmpeg opens what we write, and finds the same cues."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from f5_pipeline.delivery.subtitles import Cue, clip_cues, to_srt, to_vtt

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
def test_a_cue_without_a_text_is_still_a_cue(text: str) -> None:
    assert to_srt([Cue(0, 1, text)]) == "1\n00:00:00,000 --> 00:00:01,000\n…\n"


def test_a_clip_without_known_parts_is_one_cue() -> None:
    assert clip_cues("One. Two.", 10.0, 2.5) == [Cue(10.0, 12.5, "One. Two.")]


def test_known_parts_move_with_the_clip_and_end_with_it() -> None:
    parts = [Cue(0.0, 0.2, "gone"), Cue(0.3, 1.3, "One."), Cue(1.5, 9.0, "Two.")]
    assert clip_cues("One. Two.", 10.0, 2.0, parts, cut_before=0.3) == [
        Cue(10.0, 11.0, "One."),
        Cue(11.2, 12.0, "Two."),
    ]


@pytest.mark.parametrize(("name", "write"), [("x.srt", to_srt), ("x.vtt", to_vtt)])
def test_ffmpeg_reads_the_same_times(name: str, write: object, tmp_path: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        assert not os.environ.get("CI"), "ffmpeg is missing"
        pytest.skip("ffmpeg is not installed")
    path = tmp_path / name
    assert callable(write)
    path.write_text(write(CUES), encoding="utf-8")
    command = [ffmpeg, "-v", "error", "-i", str(path), "-f", "srt", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    times = re.findall(r"(\S+) --> (\S+)", done.stdout)
    assert times == [
        ("00:00:00,000", "00:00:01,500"),
        ("00:00:02,000", "01:01:02,000"),
        ("01:01:02,000", "01:01:03,000"),
    ]
