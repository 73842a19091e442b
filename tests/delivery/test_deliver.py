"""Deliveries of a small batch of real speech: the delivered files, and the cost of a repeated delivery."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f5_pipeline.audio.loudness import integrated_loudness, true_peak
from f5_pipeline.audio.samples import Samples
from f5_pipeline.audio.trim import TrimSettings, trim_silence
from f5_pipeline.delivery.deliver import deliver_batch
from f5_pipeline.errors import ClipDamaged, NothingToDeliver, ObjectMissing, SectionTooLong, UnsafeName
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.lookup import fetch_delivered
from f5_pipeline.results.transcripts import TimedWord, save_transcript
from f5_pipeline.storage.layout import csv_object, delivery_record_object, transcript_object
from tests.audio.ffmpeg import audio_stream, ebur128
from tests.delivery.batch import RATE, Batch, CountingStore
from tests.delivery.pages import rows_of_data
from tests.storage.conftest import s3_store

# --- the delivered files --------------------------------------------------------------------------------------


def test_the_page_shows_measures_and_not_the_keys_of_other_takes(batch: Batch) -> None:
    batch.rows[1] = replace(batch.rows[1], quality={"level_db": -20.0}, other_takes=("0" * 64,))
    batch.deliver()
    assert batch.page()["line-2"]["measures"] == [-20.0]


def test_every_spoken_line_has_a_file_and_the_page_plays_it(batch: Batch) -> None:
    report = batch.deliver()
    names = [f"audio/line-{number}.wav" for number in (1, 2, 3, 6)]
    assert batch.names() == [*names, "delivery.json", "report.html"]
    assert (report.files, report.written, report.skipped_unchanged, report.removed) == (4, 5, 0, 0)
    assert report.report_key == "batches/demo/report.html"
    stored = [info.size for info in batch.store.list("batches/demo/") if re.search(r"wav|html", info.key)]
    assert report.bytes == sum(stored)
    assert report.audio_seconds == pytest.approx(sum(batch.audio(name)[0].size for name in names) / RATE)
    page = batch.page()
    assert [row["audio"] for row in page.values()] == [*names[:3], "", "", names[3]]
    assert (page["line-5"]["status"], page["line-5"]["reason"]) == ("rejected", "why")
    assert page["line-1"]["peaks"]
    assert page["line-1"]["seconds"] == pytest.approx(batch.audio(names[0])[0].size / RATE, abs=1e-3)


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "opus", "ogg", "m4a"])
def test_every_format_is_delivered_under_its_own_name(batch: Batch, format: Any) -> None:
    batch.settings = BatchSettings(format=format)
    assert batch.deliver().files == 4
    assert batch.names()[:4] == [f"audio/line-{number}.{format}" for number in (1, 2, 3, 6)]


def test_files_have_the_configured_loudness_peak_and_sample_rate(batch: Batch) -> None:
    batch.settings = BatchSettings(loudness_lufs=-16.0, true_peak_db=-2.0, sample_rate=48_000)
    batch.deliver()
    for number in (1, 2, 3, 6):
        samples, rate = batch.audio(f"audio/line-{number}.wav")
        assert rate == 48_000
        assert integrated_loudness(samples, rate) == pytest.approx(-16.0, abs=0.5)
        assert true_peak(samples) <= -1.98


ENCODINGS = [
    ({"format": "wav", "channels": "stereo", "bit_depth": 32, "sample_rate": 44_100}, "pcm_f32le", 44_100, 2, 32),
    ({"format": "flac", "channels": 1, "bit_depth": 24}, "flac", 24_000, 1, 24),
    ({"format": "mp3", "channels": 2, "bitrate_kbps": 96}, "mp3", 24_000, 2, None),
    ({"format": "opus", "channels": 2}, "opus", 48_000, 2, None),
    ({"format": "ogg", "sample_rate": 16_000}, "vorbis", 16_000, 1, None),
    ({"format": "m4a", "channels": 2, "sample_rate": 48_000}, "aac", 48_000, 2, None),
]


@pytest.mark.parametrize(("settings", "codec", "rate", "channels", "bits"), ENCODINGS)
def test_files_have_the_encoding_of_the_settings(
    batch: Batch, settings: dict[str, Any], codec: str, rate: int, channels: int, bits: int | None
) -> None:
    batch.settings = BatchSettings(**settings, join_sections=True, loudness_lufs=-18)
    batch.deliver()
    for name in ("audio/line-1", "one"):
        path = batch.path(f"{name}.{settings['format']}")
        stream = audio_stream(path)
        assert (stream["codec_name"], int(stream["sample_rate"]), stream["channels"]) == (codec, rate, channels)
        assert bits is None or int(stream.get("bits_per_raw_sample") or stream["bits_per_sample"]) == bits
        assert ebur128(path)[0] == pytest.approx(-18, abs=0.5)


def test_a_section_too_long_for_a_wav_file_is_refused_before_it_is_written(batch: Batch) -> None:
    batch.utterances[0] = replace(batch.utterances[0], pause_after_seconds=100_000)
    batch.settings = BatchSettings(join_sections=True)
    with pytest.raises(SectionTooLong, match=r"one.*27\.8 hours.*24\.9.*flac"):
        batch.deliver()
    assert "one.wav" not in batch.names()


def test_without_loudness_trimming_and_fades_a_lossless_file_has_the_samples_of_the_clip(batch: Batch) -> None:
    batch.settings = BatchSettings(format="flac", loudness_lufs=None, trim_silence=False, fade_seconds=0)
    batch.deliver()
    clip = ClipStore(batch.store).load(batch.rows[0].key).samples
    assert (batch.audio("audio/line-1.flac")[0] == clip).all()


@pytest.mark.parametrize(("trim", "kept"), [(True, 0.3), (0.5, 1.0), (0, 0.0), (False, 4.0)])
def test_silent_ends_are_trimmed_to_the_configured_margin(
    batch: Batch, voices: dict[str, Samples], trim: Any, kept: float
) -> None:
    silence = np.zeros(2 * RATE, dtype=np.float32)
    bare = trim_silence(voices["m1"], RATE, TrimSettings(lead=0, tail=0)).samples
    batch.add("line-7", "ok", np.concatenate([silence, bare, silence]))
    batch.settings = BatchSettings(trim_silence=trim)
    batch.deliver()
    assert batch.audio("audio/line-7.wav")[0].size / RATE == pytest.approx(bare.size / RATE + kept, abs=0.021)


def test_a_fade_has_the_configured_length(batch: Batch) -> None:
    tone = np.full(RATE, 0.5, dtype=np.float32)
    batch.add("line-7", "ok", tone)
    batch.settings = BatchSettings(fade_seconds=0.25, loudness_lufs=None)
    batch.deliver()
    faded = batch.audio("audio/line-7.wav")[0]
    quarter = RATE // 4
    assert np.all(np.diff(faded[:quarter]) >= 0)
    assert faded[quarter:-quarter] == pytest.approx(0.5, abs=1e-3)
    assert faded[::-1][:quarter] == pytest.approx(faded[:quarter], abs=1e-3)


@pytest.mark.parametrize("lines", [[], [3, 4]], ids=["no lines", "failed and rejected"])
def test_a_batch_without_clips_keeps_its_earlier_delivery(batch: Batch, lines: list[int]) -> None:
    batch.deliver()
    before = {info.key: info.etag for info in batch.store.list("batches/demo/")}
    batch.rows = [batch.rows[line] for line in lines]
    with pytest.raises(NothingToDeliver, match=rf"'demo'.* {len(lines)} lines"):
        batch.deliver()
    assert {info.key: info.etag for info in batch.store.list("batches/demo/")} == before


def test_a_row_rejected_for_a_duplicate_id_has_no_file(batch: Batch) -> None:
    batch.rows.append(IndexRow("line-1", "other text", status="rejected", reason="the id is taken"))
    batch.deliver()
    rows = rows_of_data(batch.store.read("batches/demo/report.html").decode())
    assert [row["audio"] for row in rows if row["id"] == "line-1"] == ["audio/line-1.wav", ""]


# --- sections and subtitles -----------------------------------------------------------------------------------


def test_sections_are_joined_and_their_subtitles_have_the_times_of_the_clips(batch: Batch) -> None:
    batch.settings = BatchSettings(
        format="flac", join_sections=True, pause_seconds=0.5, subtitles="both", loudness_lufs=None
    )
    report = batch.deliver()
    joined = {f"{name}.{kind}" for name in ("one", "two") for kind in ("flac", "srt", "vtt")}
    assert joined <= set(batch.names())
    assert report.sections == ("batches/demo/one.flac", "batches/demo/two.flac")
    assert report.incomplete_sections == {"two": ("line-4",)}
    joined_samples, _ = batch.audio("one.flac")
    cues = re.findall(r"(\S+) --> (\S+)\n(.*)", batch.store.read("batches/demo/one.srt").decode())
    assert [cue[2] for cue in cues] == ["This is line-1.", "This is line-2.", "This is line-3."]
    for number, (begin, end, _) in enumerate(cues, start=1):
        clip, _ = batch.audio(f"audio/line-{number}.flac")
        at = round(seconds(begin) * RATE)
        assert seconds(end) - seconds(begin) == pytest.approx(clip.size / RATE, abs=0.002)
        shifts = range(max(0, at - 24), at + 25)  # the times of subtitles are whole milliseconds
        candidates = [joined_samples[shift : shift + clip.size] for shift in shifts]
        assert any(np.allclose(each, clip, atol=1e-4) for each in candidates if each.size == clip.size)


def seconds(time: str) -> float:
    hours, minutes, rest = time.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))


def test_a_joined_section_has_the_configured_loudness_too(batch: Batch) -> None:
    batch.settings = BatchSettings(join_sections=True, pause_seconds=1.0, loudness_lufs=-18.0)
    batch.deliver()
    samples, rate = batch.audio("one.wav")
    assert integrated_loudness(samples, rate) == pytest.approx(-18.0, abs=0.5)
    assert true_peak(samples) <= -0.98


def test_without_sections_each_clip_has_its_own_subtitles(batch: Batch) -> None:
    batch.settings = BatchSettings(subtitles="srt")
    batch.deliver()
    text = batch.store.read("batches/demo/audio/line-2.srt").decode()
    assert re.fullmatch(r"1\n00:00:00,000 --> 00:00:0\d,\d\d\d\nThis is line-2\.\n", text)


def transcribe(batch: Batch, *lines: int) -> None:
    """Store transcripts of lines: "this", "is", "line", each a quarter of a second after the previous word."""
    for number in lines:
        row = batch.rows[number - 1]
        words = [TimedWord(word, 0.2 + at / 4, 0.4 + at / 4) for at, word in enumerate(["this", "is", "line"])]
        save_transcript(batch.store, row.key, "asr-1", words)
        batch.rows[number - 1] = replace(row, quality={**row.quality, "recogniser": "asr-1"})


def words_of_file(batch: Batch, name: str) -> list[tuple[float, str]]:
    """The timed words of a WebVTT file."""
    text = batch.store.read(f"batches/demo/{name}").decode()
    return [(seconds(time), word) for time, word in re.findall(r"<([\d:.]+)>([^\s<]+)", text)]


def test_recognised_words_have_the_times_of_their_section(batch: Batch) -> None:
    transcribe(batch, 2, 3)
    batch.settings = BatchSettings(join_sections=True, subtitles="both", pause_seconds=1.0)
    batch.deliver()
    srt = batch.store.read("batches/demo/one.srt").decode()
    starts = [seconds(time) for time in re.findall(r"(\S+) --> ", srt)]
    cut = [_cut_before(batch, number) for number in (2, 3)]
    assert starts[1] > 1.0
    assert words_of_file(batch, "one.vtt") == [
        (pytest.approx(starts[1] + 0.45 - cut[0], abs=0.0011), "is"),
        (pytest.approx(starts[1] + 0.7 - cut[0], abs=0.0011), "line-2."),
        (pytest.approx(starts[2] + 0.45 - cut[1], abs=0.0011), "is"),
        (pytest.approx(starts[2] + 0.7 - cut[1], abs=0.0011), "line-3."),
    ]
    assert "<" not in srt


def _cut_before(batch: Batch, number: int) -> float:
    samples = ClipStore(batch.store).load(batch.rows[number - 1].key).samples
    return trim_silence(samples, RATE, TrimSettings()).cut_before


def test_transcripts_are_read_only_for_new_files_and_no_audio_is_encoded_again(
    batch: Batch, store: CountingStore
) -> None:
    transcribe(batch, 1, 2, 3, 6)
    batch.settings = BatchSettings(subtitles="srt")
    batch.deliver()
    store.calls.clear()
    batch.settings = BatchSettings(subtitles="both")
    assert batch.deliver().written == 4
    assert store.calls["read"] == 2 + 4  # the record twice, and a transcript for each line
    assert len(words_of_file(batch, "audio/line-6.vtt")) == 2
    store.calls.clear()
    batch.deliver()
    assert store.calls == {"list": 2, "read": 1}  # of the batch and of the voices


def test_a_later_transcript_updates_the_subtitles(batch: Batch) -> None:
    batch.settings = BatchSettings(subtitles="vtt")
    batch.deliver()
    assert words_of_file(batch, "audio/line-1.vtt") == []
    transcribe(batch, 1)
    assert batch.deliver().written == 2  # the file and the page
    assert len(words_of_file(batch, "audio/line-1.vtt")) == 2


@pytest.mark.parametrize("damage", [None, b"", b"{}", b'{"format":1,"words":[["this","soon","later"]]}'])
def test_without_a_valid_transcript_words_have_no_times(batch: Batch, damage: bytes | None) -> None:
    transcribe(batch, 1)
    key = transcript_object(batch.rows[0].key, "asr-1")
    batch.store.delete(key) if damage is None else batch.store.write(key, damage)
    batch.settings = BatchSettings(subtitles="vtt")
    batch.deliver()
    assert words_of_file(batch, "audio/line-1.vtt") == []
    assert b"This is line-1." in batch.store.read("batches/demo/audio/line-1.vtt")


def test_a_section_that_loses_a_line_is_joined_again(batch: Batch) -> None:
    batch.settings = BatchSettings(join_sections=True)
    batch.deliver()
    before = batch.audio("one.wav")[0].size
    batch.rows.pop(0)
    report = batch.deliver()
    assert batch.audio("one.wav")[0].size < before
    assert report.written == 2  # the section and the page


# --- repeating a delivery -------------------------------------------------------------------------------------


def test_a_repeated_delivery_reads_the_record_and_two_listings_and_writes_nothing(
    batch: Batch, store: CountingStore
) -> None:
    batch.settings = BatchSettings(join_sections=True, subtitles="both")
    first = batch.deliver()
    store.calls.clear()
    second = batch.deliver()
    assert store.calls == {"list": 2, "read": 1}  # of the batch and of the voices
    assert (second.written, second.skipped_unchanged) == (0, first.written)
    assert (second.files, second.bytes, second.audio_seconds) == (first.files, first.bytes, first.audio_seconds)


def test_a_new_take_rewrites_one_file(batch: Batch, store: CountingStore, voices: dict[str, Samples]) -> None:
    batch.deliver()
    key = hashlib.sha256(b"another take").hexdigest()
    ClipStore(store).save(key, voices["f2"], {})
    batch.rows[0] = replace(batch.rows[0], key=key)
    store.calls.clear()
    assert batch.deliver().written == 2  # the file and the page
    assert store.calls["write"] == 3  # and the record


def test_another_format_replaces_the_files(batch: Batch, store: CountingStore) -> None:
    batch.deliver()
    batch.settings = BatchSettings(format="mp3")
    report = batch.deliver()
    assert (report.written, report.removed) == (5, 4)
    assert batch.names()[:4] == [f"audio/line-{number}.mp3" for number in (1, 2, 3, 6)]


AUDIO_SETTINGS = [
    {"loudness_lufs": -16.0},
    {"true_peak_db": -9.0},
    {"sample_rate": 48_000},
    {"channels": "stereo"},
    {"bit_depth": 24},
    {"trim_silence": False},
    {"trim_silence": 0.05},
    {"fade_seconds": 0.5},
]


@pytest.mark.parametrize("change", AUDIO_SETTINGS)
def test_changed_audio_settings_encode_again_and_leave_the_clips(batch: Batch, change: dict[str, Any]) -> None:
    batch.deliver()
    clips = list(batch.store.list("clips/"))
    batch.settings = BatchSettings(**change)
    assert batch.deliver().written in (4, 5)  # the lines, and the page if it shows the setting
    assert list(batch.store.list("clips/")) == clips
    assert batch.deliver().written == 0


@pytest.mark.parametrize("change", [{"voice": "anna"}, {"max_attempts": 2}, {"commercial": True}])
def test_settings_that_do_not_affect_the_files_rewrite_nothing(batch: Batch, change: dict[str, Any]) -> None:
    batch.deliver()
    batch.settings = BatchSettings(**change)
    assert batch.deliver().written == 0


def test_obsolete_lines_sections_and_subtitles_are_removed_and_nothing_else(batch: Batch, store: CountingStore) -> None:
    batch.settings = BatchSettings(join_sections=True, subtitles="srt")
    batch.deliver()
    for kept in ("cover.wav", "audio/notes.txt"):
        store.write(f"batches/demo/{kept}", b"the user's own")
    store.write("batches/demo/audio/orphan.wav", b"left by a crash")
    del batch.rows[0]
    batch.settings = BatchSettings()
    batch.deliver()
    names = [f"audio/line-{number}.wav" for number in (2, 3, 6)]
    assert batch.names() == [*names, "audio/notes.txt", "cover.wav", "delivery.json", "report.html"]
    assert store.stat(csv_object("demo")) is not None


def test_ids_with_folders_are_files_in_folders(
    batch: Batch, store: CountingStore, voices: dict[str, Samples], tmp_path: Path
) -> None:
    batch.settings = BatchSettings(subtitles="srt")
    for id in ("quests/intro/guard", "quests/intro"):
        batch.add(id, "ok", voices["f2"])
    batch.deliver()
    names = [f"audio/quests/{name}.{kind}" for name in ("intro", "intro/guard") for kind in ("srt", "wav")]
    assert [name for name in batch.names() if "quests" in name] == names
    assert batch.page()["quests/intro/guard"]["audio"] == "audio/quests/intro/guard.wav"
    assert "This is quests/intro/guard." in store.read("batches/demo/audio/quests/intro/guard.srt").decode()
    assert batch.deliver().written == 0
    fetch_delivered(store, "demo", tmp_path / "out")
    assert all((tmp_path / "out" / name).is_file() for name in names)
    batch.rows.pop(-2)
    assert batch.deliver().removed == 2
    assert [name for name in batch.names() if "quests" in name] == names[:2]


def test_a_removed_or_replaced_file_is_built_again(batch: Batch, store: CountingStore) -> None:
    batch.deliver()
    store.delete("batches/demo/audio/line-1.wav")
    store.write("batches/demo/audio/line-2.wav", b"damaged")
    assert batch.deliver().written == 2
    assert batch.audio("audio/line-2.wav")[0].size > RATE


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": 1, "files": {"x": 1}}', b'{"format": 99, "files": {}}', b"\xff"]
)
def test_a_damaged_record_costs_one_delivery(batch: Batch, store: CountingStore, content: bytes) -> None:
    batch.deliver()
    store.write(delivery_record_object("demo"), content)
    assert batch.deliver().written == 5
    assert batch.deliver().written == 0


def test_a_forged_record_removes_no_files_outside_the_delivery(batch: Batch, store: CountingStore) -> None:
    batch.deliver()
    record = json.loads(store.read(delivery_record_object("demo")))
    for victim in ("voices/anna.wav", "batches/other/x.wav", "batches/demo/index.parquet"):
        store.write(victim, b"keep me")
        record["files"][victim] = {"recipe": "x"}
    store.write(delivery_record_object("demo"), json.dumps(record).encode())
    batch.deliver()
    assert all(
        store.read(victim) == b"keep me"
        for victim in ("voices/anna.wav", "batches/other/x.wav", "batches/demo/index.parquet")
    )


# --- errors ---------------------------------------------------------------------------------------------------


def test_files_finished_before_an_error_are_kept(batch: Batch, store: CountingStore) -> None:
    store.refuse = batch.rows[5].key
    with pytest.raises(ObjectMissing):
        batch.deliver()
    done = [name for name in batch.names() if name.startswith("audio/")]
    assert 1 <= len(done) <= 3
    assert "report.html" not in batch.names()
    store.refuse = ""
    assert batch.deliver().written == 5 - len(done)


def test_a_section_left_behind_by_a_crash_is_removed_when_it_is_obsolete(batch: Batch, store: CountingStore) -> None:
    batch.settings = BatchSettings(join_sections=True)
    batch.deliver()
    store.write(delivery_record_object("demo"), store.record_at_upload)  # as a killed run leaves it
    batch.settings = BatchSettings()
    batch.deliver()
    assert "one.wav" not in batch.names()


def test_a_damaged_clip_is_not_delivered(batch: Batch, store: CountingStore) -> None:
    clip = Path(store.location(batch.rows[0].clip))
    clip.write_bytes(clip.read_bytes()[:-50])
    with pytest.raises(ClipDamaged):
        batch.deliver()
    assert "audio/line-1.wav" not in batch.names()
    assert not clip.exists()  # so the next run speaks it again


@pytest.mark.parametrize("name", ["../evil", "a/../b", "", ".hidden", "a\\b", "a\nb", "/a"])
def test_unsafe_names_are_refused(batch: Batch, name: str) -> None:
    with pytest.raises(UnsafeName):
        deliver_batch(batch.store, name, batch.settings, batch.rows)
    batch.rows[0] = replace(batch.rows[0], id=name)
    with pytest.raises(UnsafeName):
        batch.deliver()
    batch.rows.pop(0)
    batch.settings = BatchSettings(join_sections=True)
    batch.utterances[1] = replace(batch.utterances[1], section=name or "/")
    with pytest.raises(UnsafeName):
        batch.deliver()


def test_progress_counts_the_files_to_build(batch: Batch) -> None:
    seen: list[tuple[int, int]] = []
    batch.deliver(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    seen.clear()
    batch.deliver(progress=lambda done, total: seen.append((done, total)))
    assert seen == []


# --- in a bucket ----------------------------------------------------------------------------------------------


def test_delivery_to_a_bucket(
    voices: dict[str, Samples],
    rclone_server: Any,
    aws_environment: pytest.MonkeyPatch,
) -> None:
    batch = Batch(s3_store(rclone_server, aws_environment), voices)
    batch.settings = BatchSettings(format="mp3", join_sections=True, subtitles="srt")
    first = batch.deliver()
    assert {"audio/line-1.mp3", "one.mp3", "one.srt", "report.html", "delivery.json"} <= set(batch.names())
    assert batch.deliver().written == 0
    batch.settings = BatchSettings(format="flac")
    assert batch.deliver().removed == first.files
