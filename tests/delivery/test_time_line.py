"""Joined files with times: each clip begins at its sample, overlaps are faded or added, subtitles have the times."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.loudness import integrated_loudness, true_peak
from f5_pipeline.audio.samples import Samples
from f5_pipeline.delivery.time_line import FADE_SECONDS, PlacedClip, time_line_audio
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.utterance import TimeSlot
from tests.delivery.batch import RATE, Batch

FADE = round(FADE_SECONDS * RATE)


def audio(*clips: PlacedClip, least: int = 0) -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *time_line_audio(clips, least, RATE, -1.0)])


def noise(samples: int, seed: int = 0) -> Samples:
    return (0.3 * np.random.default_rng(seed).uniform(-1, 1, samples)).astype(np.float32)


def test_clips_begin_at_their_samples_and_silence_is_between_them() -> None:
    first, second = noise(1_000), noise(2_000, 1)
    found = audio(PlacedClip(7, first, 1_000), PlacedClip(50_001, second, 9_999), least=80_000)
    expected = np.zeros(80_000, np.float32)
    expected[7:1_007], expected[50_001:52_001] = first, second
    assert (found == expected).all()


def test_an_hour_of_silence_arrives_in_small_blocks() -> None:
    blocks = list(time_line_audio([PlacedClip(3600 * RATE, noise(10), 10)], 0, RATE, -1.0))
    assert sum(block.size for block in blocks) == 3600 * RATE + 10
    assert max(block.size for block in blocks) < 60 * RATE


def test_a_clip_that_is_too_long_is_faded_out_and_the_next_one_begins_in_time() -> None:
    long, following = np.full(RATE, 0.5, np.float32), np.zeros(RATE, np.float32)
    found = audio(PlacedClip(0, long, 10_000), PlacedClip(10_000 - FADE, following, RATE))
    assert (found[: 10_000 - FADE] == 0.5).all()
    assert (np.diff(found[10_000 - FADE : 10_000]) < 0).all()
    assert (found[10_000:] == 0).all()


def test_clips_whose_times_overlap_are_added_and_their_peaks_limited() -> None:
    first, second = noise(RATE), noise(RATE, 1)
    found = audio(PlacedClip(0, first, RATE), PlacedClip(RATE // 2, second, RATE))
    expected = np.pad(first, (0, RATE // 2)) + np.pad(second, (RATE // 2, 0))
    assert found == pytest.approx(expected, abs=1e-6)
    loud = audio(PlacedClip(0, 2.5 * first, RATE), PlacedClip(RATE // 2, 2.5 * second, RATE))
    assert true_peak(loud) <= -0.9
    assert loud.size == expected.size


# --- deliveries -----------------------------------------------------------------------------------------------


def onsets(samples: Samples) -> list[int]:
    """The first samples of sounds after silence of 20 ms or more."""
    sounding = np.flatnonzero(samples)
    return [int(at) for at, gap in zip(sounding, np.diff(sounding, prepend=-RATE), strict=True) if gap > 480]


def timed(batch: Batch, slots: Mapping[str, TimeSlot], **settings: object) -> Batch:
    """The batch with times for some lines, in one section, and only these lines."""
    batch.utterances = [replace(u, section=None, slot=slots[u.id]) for u in batch.utterances if u.id in slots]
    batch.rows = [row for row in batch.rows if row.id in slots]
    batch.settings = BatchSettings(join_sections=True, trim_silence=0, fade_seconds=0, **settings)
    return batch


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000, 8_000])
def test_lines_begin_exactly_at_their_starts_at_every_sample_rate(batch: Batch, rate: int) -> None:
    starts = {"line-3": 1.001, "line-1": 300.333, "line-2": 90.0007}  # not in the order of the manifest
    slots = {id: TimeSlot(start, start + 5.0) for id, start in starts.items()}
    timed(batch, slots, sample_rate=rate, loudness_lufs="none")
    batch.deliver()
    samples, found_rate = batch.audio("demo.wav")
    assert found_rate == rate
    assert samples.size == round((305.333) * rate)
    for id, start in starts.items():
        clip, at = batch.audio(f"audio/{id}.wav")[0], round(start * rate)
        assert clip.size > rate / 2
        assert (samples[at : at + clip.size] == clip).all()
        assert (samples[at - rate : at] == 0).all()
        assert abs(onsets(samples)[sorted(starts.values()).index(start)] - at) < 0.011 * rate  # a clip begins in sound


def test_a_line_that_is_too_long_ends_where_the_next_one_starts(batch: Batch) -> None:
    slots = {"line-1": TimeSlot(0.5, 0.8, 1.0), "line-2": TimeSlot(1.0, 4.0)}
    timed(batch, slots, subtitles="srt", loudness_lufs="none")
    batch.deliver()
    joined, second = batch.audio("demo.wav")[0], batch.audio("audio/line-2.wav")[0]
    begin = RATE + FADE
    assert (joined[begin : RATE + second.size] == second[FADE:]).all()
    subtitles = batch.path("demo.srt").read_text().splitlines()
    assert subtitles[1] == "00:00:00,500 --> 00:00:01,050"
    assert subtitles[5].startswith("00:00:01,000 --> ")


def test_other_times_write_the_joined_file_again_and_no_other_audio(batch: Batch) -> None:
    timed(batch, {"line-1": TimeSlot(0.5, 2.0), "line-2": TimeSlot(3.0, 5.0)})
    batch.deliver()
    batch.utterances[1] = replace(batch.utterances[1], slot=TimeSlot(3.5, 5.5))
    assert batch.deliver().written == 2  # with the page
    assert batch.audio("demo.wav")[0].size == 5.5 * RATE
    assert batch.deliver().written == 0


def test_a_joined_file_with_times_has_the_loudness_of_the_batch(batch: Batch) -> None:
    timed(batch, {"line-1": TimeSlot(20.0), "line-2": TimeSlot(40.0, 60.0)}, loudness_lufs=-17)
    batch.deliver()
    samples, rate = soundfile.read(io.BytesIO(batch.path("demo.wav").read_bytes()), dtype="float32")
    assert samples.size == 60 * rate
    assert integrated_loudness(samples, rate) == pytest.approx(-17, abs=0.5)
