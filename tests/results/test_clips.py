"""The clip store: kept once, whole, with its facts; damage is noticed."""

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
FACTS = {"seed": 7, "attempt": 1, "verdict": "ok", "wer": 0.125, "heard": 'schön "laut" \\ \n'}


@pytest.fixture
def clips(store: LocalStore) -> ClipStore:
    return ClipStore(store)


def on_disk(store: LocalStore, key: str = KEY) -> Path:
    return Path(store.location(clip_object(key)))


def test_a_clip_comes_back_with_its_facts(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    saved = clips.save(KEY, tone, FACTS)
    clip = clips.load(KEY)
    assert clip.info == saved == clips.facts(KEY) == clips.facts(KEY, size=saved.size)
    assert saved.clip == f"clips/ab/{KEY}.flac"
    assert saved.facts == FACTS
    assert saved.audio_seconds == 0.25
    assert saved.size == on_disk(store).stat().st_size
    assert clip.samples.dtype == np.float32
    assert np.abs(clip.samples - tone).max() <= 0.5 / 32768


def test_other_programs_can_play_it(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    clips.save(KEY, tone, FACTS)
    info = soundfile.info(on_disk(store))
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", 24_000, 1)


def test_saving_what_was_loaded_loses_nothing(clips: ClipStore, tone: np.ndarray) -> None:
    clips.save(KEY, tone * 4, {})  # some of it beyond full scale
    once = clips.load(KEY).samples
    clips.save(OTHER, once, {})
    assert np.array_equal(clips.load(OTHER).samples, once)
    assert once.max() <= 1.0
    assert once.min() >= -1.0


def test_a_whole_clip_is_never_written_again(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    first = clips.save(KEY, tone, {"seed": 1})
    written = on_disk(store).stat()
    again = clips.save(KEY, tone / 2, {"seed": 2})
    assert again == first
    found = on_disk(store).stat()  # but for the time at which it was read
    assert (found.st_ino, found.st_mtime_ns, found.st_size) == (written.st_ino, written.st_mtime_ns, written.st_size)


DAMAGE = {
    "empty": lambda data: b"",
    "four bytes": lambda data: data[:4],
    "cut in the head": lambda data: data[:100],
    "cut in the sound": lambda data: data[: len(data) // 2],
    "one byte short": lambda data: data[:-1],
    "another file": lambda data: b"<html>" + b"x" * 1000,
    "zeros after the head": lambda data: data[:2000] + bytes(len(data) - 2000),
    "flac of somebody else": lambda data: _foreign_flac(),
}


def _foreign_flac() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(1000, np.int16), 24_000, format="FLAC")
    return buffer.getvalue()


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_noticed_and_mended(clips: ClipStore, store: LocalStore, tone: np.ndarray, damage: str) -> None:
    whole = clips.save(KEY, tone, FACTS)
    on_disk(store).write_bytes(DAMAGE[damage](on_disk(store).read_bytes()))
    with pytest.raises(ClipDamaged, match="Run its batch again"):
        clips.load(KEY)
    same_length = damage == "zeros after the head"
    assert (KEY in clips.existing([KEY], {KEY: whole.size})) == same_length
    if not same_length:
        with pytest.raises(ClipDamaged):
            clips.facts(KEY)
        clips.save(KEY, tone, FACTS)
        assert clips.load(KEY).info == whole
    clips.discard(KEY)
    clips.save(KEY, tone, FACTS)
    assert clips.load(KEY).info == whole


def test_a_clip_under_anothers_key_is_noticed(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    clips.save(KEY, tone, FACTS)
    on_disk(store, OTHER).parent.mkdir(parents=True)
    on_disk(store).rename(on_disk(store, OTHER))
    for use in (clips.load, clips.facts):
        with pytest.raises(ClipDamaged, match="it is the clip ab0"):
            use(OTHER)


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.float32), np.zeros((2, 100), np.float32), np.array([0.0, np.nan], np.float32)]
)
def test_what_is_no_sound_is_not_stored(clips: ClipStore, store: LocalStore, samples: np.ndarray) -> None:
    with pytest.raises(ClipDamaged):
        clips.save(KEY, samples, {})
    assert list(store.list()) == []


def test_existing(clips: ClipStore, store: LocalStore, tone: np.ndarray) -> None:
    keys = [f"{number:02x}" + f"{number:062}" for number in range(40)]
    for key in keys:
        clips.save(key, tone[:100], {})
    on_disk(store, keys[3]).write_bytes(b"")
    on_disk(store, keys[5]).unlink()
    found = clips.existing([*keys[:10], OTHER])
    assert sorted(found) == [key for key in keys[:10] if key not in (keys[3], keys[5])]
    assert found[keys[0]].key == clip_object(keys[0])


def test_missing_and_hostile_keys(clips: ClipStore) -> None:
    with pytest.raises(ObjectMissing):
        clips.load(KEY)
    with pytest.raises(ObjectMissing):
        clips.facts(KEY)
    for bad in ("", "../x", KEY.upper(), KEY + "0", "zz" * 32):
        with pytest.raises(UnsafeName):
            clips.load(bad)
        with pytest.raises(UnsafeName):
            clips.existing([bad])


def test_facts_longer_than_the_first_read(clips: ClipStore, tone: np.ndarray) -> None:
    facts = {"heard": "word " * 5000}
    clips.save(KEY, tone, facts)
    assert clips.facts(KEY).facts == facts
