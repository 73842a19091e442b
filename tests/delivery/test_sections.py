"""Which clips a joined file has, and when each of them is heard."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.encode import open_writer
from f5_pipeline.audio.formats import Encoding
from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.sections import Line, Part, Section, pieces, plan_sections, starts

RATE = 24_000


def line(id: str, section: str | None = None, pause: float | None = None, spoken: bool = True) -> Line:
    return Line(id, section, pause, spoken)


def test_lines_are_joined_in_manifest_order_with_the_usual_pause_between_them() -> None:
    lines = [line("a", "one"), line("b", "two"), line("c", "one", 2.0), line("d", "one")]
    assert plan_sections(lines, "batch", 0.5) == [
        Section("one", (Part("a", 0.5), Part("c", 2.0), Part("d", 0.0)), ()),
        Section("two", (Part("b", 0.0),), ()),
    ]


def test_a_pause_that_a_line_asks_for_is_kept_at_the_end_too() -> None:
    assert plan_sections([line("a", "one", 3.0)], "batch", 0.5)[0].parts == (Part("a", 3.0),)


def test_a_pause_of_zero_is_a_pause_that_was_asked_for() -> None:
    assert plan_sections([line("a", "one", 0.0), line("b", "one")], "batch", 0.5)[0].parts[0] == Part("a", 0.0)


def test_lines_without_a_section_make_one_named_like_the_batch() -> None:
    assert [section.name for section in plan_sections([line("a"), line("b", "x")], "batch", 0.5)] == ["batch", "x"]


def test_lines_that_were_not_spoken_are_missing_and_do_not_leave_two_pauses() -> None:
    lines = [line("a", "one"), line("b", "one", 5.0, spoken=False), line("c", "one"), line("d", "two", spoken=False)]
    assert plan_sections(lines, "batch", 0.5) == [Section("one", (Part("a", 0.5), Part("c", 0.0)), ("b",))]


def test_clips_are_heard_exactly_when_it_is_said(speech: Samples) -> None:
    clips = {"a": speech[:10_001], "b": speech[:5_003], "c": speech[:7_777]}
    section = Section("one", (Part("a", 0.5), Part("b", 0.1), Part("c", 1.0)), ())
    target = io.BytesIO()
    with open_writer(target, Encoding("wav")) as writer:
        for piece in pieces(section, clips.__getitem__, RATE):
            writer.write(piece)
    joined, _ = soundfile.read(io.BytesIO(target.getvalue()), dtype="float32")
    begins, seconds = starts(section, {id: clip.size / RATE for id, clip in clips.items()}, RATE)
    assert joined.size / RATE == pytest.approx(seconds, abs=1e-9)
    for id, start in begins.items():
        at = round(start * RATE)
        assert np.abs(joined[at : at + clips[id].size] - clips[id]).max() < 1e-4
    assert np.all(joined[10_001 : 10_001 + RATE // 2] == 0)
    assert np.all(joined[-RATE:] == 0)
