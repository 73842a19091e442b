"""Sections: the clips of a joined file, their pauses and their start times."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.encode import open_writer
from f5_pipeline.audio.formats import Encoding
from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.sections import Line, Part, Section, clip_spans, plan_sections, section_audio

RATE = 24_000


def line(id: str, section: str | None = None, pause: float | None = None, spoken: bool = True) -> Line:
    return Line(id, section, pause, spoken)


def test_lines_are_joined_in_manifest_order_with_the_default_pause_between_them() -> None:
    lines = [line("a", "one"), line("b", "two"), line("c", "one", 2.0), line("d", "one")]
    assert plan_sections(lines, "batch", 0.5) == [
        Section("one", (Part("a", 0.5), Part("c", 2.0), Part("d", 0.0)), ()),
        Section("two", (Part("b", 0.0),), ()),
    ]


def test_a_lines_own_pause_is_kept_at_the_end_of_a_section() -> None:
    assert plan_sections([line("a", "one", 3.0)], "batch", 0.5)[0].parts == (Part("a", 3.0),)


def test_a_pause_of_zero_replaces_the_default() -> None:
    assert plan_sections([line("a", "one", 0.0), line("b", "one")], "batch", 0.5)[0].parts[0] == Part("a", 0.0)


def test_lines_without_a_section_make_one_named_like_the_batch() -> None:
    assert [section.name for section in plan_sections([line("a"), line("b", "x")], "batch", 0.5)] == ["batch", "x"]


def test_a_missing_line_leaves_one_pause() -> None:
    lines = [line("a", "one"), line("b", "one", 5.0, spoken=False), line("c", "one"), line("d", "two", spoken=False)]
    assert plan_sections(lines, "batch", 0.5) == [Section("one", (Part("a", 0.5), Part("c", 0.0)), ("b",))]


def test_clips_are_at_their_start_times_exactly(speech: Samples) -> None:
    clips = {"a": speech[:10_001], "b": speech[:5_003], "c": speech[:7_777]}
    section = Section("one", (Part("a", 0.5), Part("b", 0.1), Part("c", 1.0)), ())
    target = io.BytesIO()
    with open_writer(target, Encoding("wav")) as writer:
        for block in section_audio(section, clips.__getitem__, RATE):
            writer.write(block)
    joined, _ = soundfile.read(io.BytesIO(target.getvalue()), dtype="float32")
    spans, seconds = clip_spans(section, {id: clip.size / RATE for id, clip in clips.items()}, RATE)
    assert joined.size / RATE == pytest.approx(seconds, abs=1e-9)
    for id, span in spans.items():
        at = round(span.start * RATE)
        assert np.abs(joined[at : at + clips[id].size] - clips[id]).max() < 1e-4
    assert np.all(joined[10_001 : 10_001 + RATE // 2] == 0)
    assert np.all(joined[-RATE:] == 0)
