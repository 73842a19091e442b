"""The clip store: clips are written once, with their facts; damage is detected."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.errors import ClipDamaged, ObjectMissing, UnsafeName
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.storage.layout import clip_object
from f5_pipeline.storage.local import LocalStore

KEY = "ab" + "0" * 62
OTHER = "cd" + "1" * 62
FACTS = {"seed": 7, "attempt": 1, "verdict": "ok", "wer": 0.125, "heard_text": 'schön "laut" \\ \n'}


@pytest.fixture
def clips(store: LocalStore) -> ClipStore:
    return ClipStore(store)


def path_of(store: LocalStore, key: str = KEY) -> Path:
    return Path(store.location(clip_object(key)))


def test_a_clip_is_loaded_with_its_facts(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    saved = clips.save(KEY, tone, FACTS)
    clip = clips.load(KEY)
    assert clip.info == saved == clips.facts(KEY) == clips.facts(KEY, size=saved.size)
    assert saved.clip == f"clips/ab/{KEY}.flac"
    assert saved.facts == FACTS
    assert saved.audio_seconds == 0.25
    assert saved.size == path_of(store).stat().st_size
    assert clip.samples.dtype == np.float32
    assert np.abs(clip.samples - tone).max() <= 0.5 / 32768


def test_a_clip_is_a_valid_flac_file(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    clips.save(KEY, tone, FACTS)
    info = soundfile.info(path_of(store))
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", 24_000, 1)


def test_loaded_samples_are_stored_without_loss(clips: ClipStore, tone: np.ndarray) -> None:
    clips.save(KEY, tone * 4, {})  # partly beyond full scale
    loaded = clips.load(KEY).samples
    clips.save(OTHER, loaded, {})
    assert np.array_equal(clips.load(OTHER).samples, loaded)
    assert np.abs(loaded).max() <= 1.0


def test_an_undamaged_clip_is_not_written_again(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    first = clips.save(KEY, tone, {"seed": 1})
    written = path_of(store).stat()
    again = clips.save(KEY, tone / 2, {"seed": 2})
    assert again == first
    found = path_of(store).stat()
    assert (found.st_ino, found.st_mtime_ns, found.st_size) == (written.st_ino, written.st_mtime_ns, written.st_size)


DAMAGE = {
    "empty": lambda data: b"",
    "four bytes": lambda data: data[:4],
    "truncated in the head": lambda data: data[:100],
    "truncated in the samples": lambda data: data[: len(data) // 2],
    "one byte short": lambda data: data[:-1],
    "another file": lambda data: b"<html>" + b"x" * 1000,
    "zeros after the head": lambda data: data[:2000] + bytes(len(data) - 2000),
    "flac of another program": lambda data: _foreign_flac(),
}


def _foreign_flac() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(1000, np.int16), 24_000, format="FLAC")
    return buffer.getvalue()


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_detected_and_repaired(clips: ClipStore, store: LocalStore, tone: np.ndarray, damage: str) -> None:
    saved = clips.save(KEY, tone, FACTS)
    path_of(store).write_bytes(DAMAGE[damage](path_of(store).read_bytes()))
    with pytest.raises(ClipDamaged, match="Run its batch again"):
        clips.load(KEY)
    same_length = damage == "zeros after the head"
    assert (KEY in clips.existing([KEY], {KEY: saved.size})) == same_length
    if not same_length:
        with pytest.raises(ClipDamaged):
            clips.facts(KEY)
        clips.save(KEY, tone, FACTS)
        assert clips.load(KEY).info == saved
    clips.discard(KEY)
    clips.save(KEY, tone, FACTS)
    assert clips.load(KEY).info == saved


def test_every_changed_byte_is_detected(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    clips.save(KEY, tone, FACTS)
    path, data = path_of(store), path_of(store).read_bytes()
    undetected = []
    for position in range(len(data)):
        path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        undetected += [position] if not clips.damaged([KEY]) else []
    assert undetected == []


def test_a_clip_under_another_key_is_detected(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    clips.save(KEY, tone, FACTS)
    path_of(store, OTHER).parent.mkdir(parents=True)
    path_of(store).rename(path_of(store, OTHER))
    for read in (clips.load, clips.facts):
        with pytest.raises(ClipDamaged, match="it is the clip ab0"):
            read(OTHER)


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.float32), np.zeros((2, 100), np.float32), np.array([0.0, np.nan], np.float32)]
)
def test_invalid_samples_are_not_stored(clips: ClipStore, store: LocalStore, samples: np.ndarray) -> None:
    with pytest.raises(ClipDamaged):
        clips.save(KEY, samples, {})
    assert list(store.list()) == []


def test_existing_finds_undamaged_clips(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    keys = [f"{number:02x}" + f"{number:062}" for number in range(40)]
    for key in keys:
        clips.save(key, tone[:100], {})
    path_of(store, keys[3]).write_bytes(b"")
    path_of(store, keys[5]).unlink()
    found = clips.existing([*keys[:10], OTHER])
    assert sorted(found) == [key for key in keys[:10] if key not in (keys[3], keys[5])]
    assert found[keys[0]].key == clip_object(keys[0])


def test_missing_clips_and_unsafe_keys_are_errors(clips: ClipStore) -> None:
    with pytest.raises(ObjectMissing):
        clips.load(KEY)
    with pytest.raises(ObjectMissing):
        clips.facts(KEY)
    for bad in ("", "../x", KEY.upper(), KEY + "0", "zz" * 32):
        with pytest.raises(UnsafeName):
            clips.load(bad)
        with pytest.raises(UnsafeName):
            clips.existing([bad])


def test_facts_may_be_longer_than_the_first_read(clips: ClipStore, tone: np.ndarray) -> None:
    facts = {"heard_text": "word " * 5000}
    clips.save(KEY, tone, facts)
    assert clips.facts(KEY).facts == facts
