"""Preparing voices: the demo's, real recordings, and everything that can be wrong with one. Loads no model."""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import soundfile

from f5_pipeline.audio.decode import decode
from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.errors import FileUnusable
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.voices import prepare as voice_module
from f5_pipeline.voices.checks import VoiceLimits
from f5_pipeline.voices.listing import list_voices
from f5_pipeline.voices.prepare import prepare_voice, prepare_voices
from f5_pipeline.voices.settings import VoiceSettings
from f5_pipeline.voices.transcript import Transcript, read_transcript
from f5_pipeline.voices.voice import Voice

NATURE = Path(str(files("f5_tts").joinpath("infer/examples/basic/basic_ref_en.wav")))
NATURE_TEXT = "Some call me nature, others call me mother nature."


def babble(seconds: float, rate: int = SAMPLE_RATE, level: float = 0.3, seed: int = 0) -> np.ndarray:
    """A tone with noise and the envelope of speech, four syllables per second, shape [samples]."""
    time = np.arange(int(seconds * rate)) / rate
    noise = np.random.default_rng(seed).standard_normal(len(time)) * 0.0005
    envelope = np.clip(np.sin(2 * np.pi * 4 * time), 0, 1) ** 0.5
    return (level * envelope * np.sin(2 * np.pi * 180 * time) + noise).astype(np.float32)


def text_for(seconds: float) -> str:
    """A transcript of plausible length."""
    return ("many words " * 99)[: int(seconds * 14)].strip()


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., Voice]:
    """A function that prepares a voice from an array or the bytes of a file."""

    def call(
        audio: np.ndarray | bytes,
        transcript: str | Transcript = "",
        rate: int = SAMPLE_RATE,
        suffix: str = ".wav",
        subtype: str | None = None,
        limits: VoiceLimits = VoiceLimits(),  # noqa: B008 - frozen
    ) -> Voice:
        path = tmp_path / f"voice{suffix}"
        if isinstance(audio, bytes):
            path.write_bytes(audio)
        else:
            soundfile.write(path, audio, rate, subtype=subtype)
        parsed = Transcript(transcript) if isinstance(transcript, str) else transcript
        return prepare_voice("v", path, parsed, VoiceSettings(speed=1.1), tmp_path / "cache", limits)

    return call


# --- usable voices --------------------------------------------------------------------------------------------


def test_a_real_recording(prepare: Callable[..., Voice]) -> None:
    voice = prepare(NATURE.read_bytes(), NATURE_TEXT)
    assert (voice.problems, voice.warnings, voice.speed) == ((), (), 1.1)
    assert voice.text == NATURE_TEXT + " "
    samples, rate = soundfile.read(voice.audio, dtype="int16")
    assert (rate, samples.ndim, soundfile.info(voice.audio).subtype) == (SAMPLE_RATE, 1, "PCM_16")
    assert len(samples) == round(voice.audio_seconds * SAMPLE_RATE)
    assert voice.audio_seconds - voice.speech_seconds == pytest.approx(VoiceLimits().silence_at_end, abs=0.25)
    assert Path(voice.audio).stem == voice.fingerprint


#: They are part of the clip keys: a change makes every stored clip of these voices useless.
DEMO_FINGERPRINTS = {
    "f2": "dbf3a41d42fea9247388e0e310c70ca1e5f7bbfc2d76d2c6695ea80cf66674fb",
    "f3": "0d279ab34cd7a1c8f99389c0384a64a5c7dd31fe40b609d2d4ad77c8c4e09fbc",
    "f5": "5637af70bf44b5b653d48d266b24bdb4ec8f4b1d5bb71fc152591ff05e0b92c5",
    "m1": "5454a38e48ea03ae7cca347043dbf5db5db3aecb31cf3a0c1b07332ab4d583fe",
    "m3": "aae4e452da01f3cc7b3faf7502fb0b798dec86baab20095cb0f9c94dc2d2138a",
    "m4": "6cf5658509fc966faace4583e82a0dc0a75cdea57fee7fcfb4c072f03c6cd371",
}


def test_the_demo_voices_are_flawless_and_keep_their_fingerprints(tmp_path: Path) -> None:
    store, demo = LocalStore(tmp_path / "store"), files("f5_pipeline").joinpath("demo/voices")
    for file in demo.iterdir():
        store.write(f"voices/{file.name}", file.read_bytes())
    limits = VoiceLimits.of(load_catalogue(Settings())["demo"])
    voices = prepare_voices(store, tmp_path / "cache", limits=limits)
    assert {voice.name: voice.fingerprint for voice in voices} == DEMO_FINGERPRINTS
    assert [(voice.problems, voice.warnings) for voice in voices] == [((), ())] * 6


@pytest.mark.parametrize(
    ("suffix", "subtype"), [(".wav", "FLOAT"), (".wav", "PCM_24"), (".flac", None), (".ogg", None), (".mp3", None)]
)
def test_formats(prepare: Callable[..., Voice], suffix: str, subtype: str | None) -> None:
    voice = prepare(babble(4), text_for(4), suffix=suffix, subtype=subtype)
    assert voice.usable
    assert voice.speech_seconds == pytest.approx(4.0, abs=0.25)


def test_an_m4a_without_pyav_names_the_package_to_install(
    prepare: Callable[..., Voice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)  # its import fails
    (problem,) = prepare(b"\0\0\0\x20ftypM4A ", "text", suffix=".m4a").problems
    assert "pip install 'f5-pipeline[m4a]'" in problem


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000])
def test_every_sample_rate_is_resampled_to_24_khz(prepare: Callable[..., Voice], rate: int) -> None:
    voice = prepare(np.stack([babble(3, rate)] * 2, axis=1), text_for(3), rate)
    assert voice.usable
    assert voice.speech_seconds == pytest.approx(3.0, abs=0.25)
    assert any(f"{rate / 1000:g} kHz" in warning for warning in voice.warnings) == (rate < 16_000)
    spectrum = np.abs(np.fft.rfft(soundfile.read(voice.audio)[0]))
    assert np.argmax(spectrum) / len(spectrum) * 12_000 == pytest.approx(180, abs=10)


def test_the_level_stays_and_dc_is_removed(prepare: Callable[..., Voice]) -> None:
    quiet = prepare(babble(3, level=0.05) + 0.2, text_for(3))
    samples = soundfile.read(quiet.audio)[0]
    assert abs(samples.mean()) < 0.002
    assert np.abs(samples).max() == pytest.approx(0.05, abs=0.02)


def test_silence_at_both_ends_is_trimmed_and_a_quiet_end_is_appended(prepare: Callable[..., Voice]) -> None:
    silence = np.zeros(3 * SAMPLE_RATE, np.float32)
    voice = prepare(np.concatenate([silence, babble(3), silence]), text_for(3))
    assert voice.usable
    assert voice.speech_seconds == pytest.approx(3.0, abs=0.4)
    samples = soundfile.read(voice.audio)[0]
    tail = samples[-int(0.5 * SAMPLE_RATE) :]
    assert 0 < np.abs(tail).max() < 0.01  # quiet, but not digital silence
    assert np.abs(samples[: int(0.35 * SAMPLE_RATE)]).max() > 0.1


@pytest.mark.parametrize("other", [-1.0, -0.9, 0.0], ids=["inverted", "nearly inverted", "dead"])
def test_a_second_channel_cancels_nothing(prepare: Callable[..., Voice], other: float) -> None:
    voice = prepare(np.stack([babble(3, level=0.5), other * babble(3, level=0.5)], axis=1), text_for(3))
    assert voice.usable
    assert np.abs(soundfile.read(voice.audio)[0]).max() > 0.2


def test_samples_beyond_full_scale_are_scaled_down_and_do_not_wrap_around(prepare: Callable[..., Voice]) -> None:
    voice = prepare(babble(3, level=3.0), text_for(3), subtype="FLOAT")
    samples = soundfile.read(voice.audio)[0]
    assert 0.9 < np.abs(samples).max() <= 1.0
    assert np.abs(np.diff(samples)).max() < 0.5


def test_the_fingerprint_depends_on_samples_and_text_only(prepare: Callable[..., Voice]) -> None:
    sound = (babble(3) * 32_767).astype(np.int16)
    one = prepare(sound, text_for(3))
    assert prepare(sound, text_for(3), suffix=".flac").fingerprint == one.fingerprint
    assert prepare(babble(3, seed=1), text_for(3)).fingerprint != one.fingerprint
    assert prepare(sound, text_for(3) + " more").fingerprint != one.fingerprint


# --- problems and warnings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audio", "text", "problem"),
    [
        (babble(0.1), "Hi.", "0.10 s"),
        (np.zeros(0, np.float32), "Hi.", "it is silent"),
        (np.zeros(3 * SAMPLE_RATE, np.float32), "Hi there.", "it is silent"),
        (np.full(3 * SAMPLE_RATE, 0.5, np.float32), "Hi there.", "it is silent"),
        (np.full(3 * SAMPLE_RATE, np.nan, np.float32), "Hi there.", "it is silent"),
        (babble(3), "", "transcript is empty"),
        (babble(3), " ... ", "transcript is empty"),
        (babble(6), "Hi.", "(0.5 characters per second)"),
        (babble(3), text_for(20), "cannot belong"),
        (babble(13), text_for(13), "13.0 s long, and may be 12 s"),
        (babble(90), text_for(90), "90.0 s long, and may be 12 s"),
        (b"", "Hi.", "cannot be decoded"),
        (b"RIFF1234WAVEfmt rubbish", "Hi.", "cannot be decoded"),
        (b"#!/bin/sh\necho no audio at all\n", "Hi.", "cannot be decoded"),
    ],
)
def test_problems_that_make_a_voice_unusable(
    prepare: Callable[..., Voice], audio: np.ndarray | bytes, text: str, problem: str
) -> None:
    voice = prepare(audio, text, subtype=None if isinstance(audio, bytes) else "FLOAT")
    assert not voice.usable
    assert problem in " ".join(voice.problems)
    assert (voice.audio, voice.fingerprint) == ("", "")


@pytest.mark.parametrize(
    ("audio", "text", "warning"),
    [
        (np.clip(babble(3, level=3.0), -1, 1), text_for(3), "clipped"),
        (babble(3, level=0.005), text_for(3), "very quiet"),
        (
            babble(3, level=0.2) + 0.1 * np.random.default_rng(0).standard_normal(72_000).astype("f4"),
            text_for(3),
            "noisy",
        ),
        (babble(2.56), text_for(2.56), "ends abruptly"),
        (babble(6), text_for(2), "probably does not match"),
        (babble(3), text_for(6), "probably does not match"),
    ],
)
def test_warnings_leave_a_voice_usable(
    prepare: Callable[..., Voice], audio: np.ndarray, text: str, warning: str
) -> None:
    voice = prepare(audio, text)
    assert voice.usable
    assert warning in " ".join(voice.warnings)


def test_damaged_recordings_are_decoded_or_refused(prepare: Callable[..., Voice], tmp_path: Path) -> None:
    for suffix in (".wav", ".flac", ".ogg"):
        soundfile.write(tmp_path / f"intact{suffix}", babble(2), SAMPLE_RATE)
        intact = (tmp_path / f"intact{suffix}").read_bytes()
        for seed in range(60):
            random, data = np.random.default_rng(seed), bytearray(intact)
            for offset in random.integers(0, min(len(data), 400), 4):
                data[offset] = int(random.integers(256))
            voice = prepare(bytes(data[: int(random.integers(100, len(data)))]), text_for(2), suffix=suffix)
            assert voice.usable or voice.problems


def test_a_playlist_named_like_audio_opens_no_other_file(prepare: Callable[..., Voice], tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    soundfile.write(secret, babble(3), SAMPLE_RATE)
    for data in (f"#EXTM3U\n#EXTINF:3,\n{secret}\n", f"ffconcat version 1.0\nfile {secret}\n"):
        for suffix in (".m4a", ".mp3", ".wav"):
            voice = prepare(data.encode(), text_for(3), suffix=suffix)
            assert "cannot be decoded" in voice.problems[0]


# --- long recordings ------------------------------------------------------------------------------------------


def test_a_long_recording_with_a_timed_transcript_is_cut_after_a_cue(prepare: Callable[..., Voice]) -> None:
    cues = "".join(
        f"{n + 1}\n00:00:{4 * n:02d},000 --> 00:00:{4 * n + 4:02d},000\nThis is cue number {'abcdefghij'[n]}, yes.\n\n"
        for n in range(10)
    )
    voice = prepare(babble(40), read_transcript(cues.encode(), "srt"))
    assert voice.problems == ()
    assert voice.text == "This is cue number a, yes. This is cue number b, yes. This is cue number c, yes. "
    assert voice.speech_seconds == pytest.approx(12.0, abs=0.3)


def test_the_model_sets_the_maximum_length(prepare: Callable[..., Voice]) -> None:
    assert prepare(babble(10), text_for(10)).usable
    assert "may be 8 s" in prepare(babble(10), text_for(10), limits=VoiceLimits(max_seconds=8)).problems[0]


@pytest.mark.parametrize(
    ("cue", "problem"),
    [
        ("00:00.000 --> 00:30.000", "first cue ends after 12 s"),
        ("00:55.000 --> 01:03.000", "first cue ends after 60 s"),  # of which 5 s are decoded
    ],
)
def test_a_recording_whose_first_cue_is_too_long_or_too_late_is_refused(
    prepare: Callable[..., Voice], cue: str, problem: str
) -> None:
    transcript = read_transcript(f"{cue}\n{text_for(8)}\n".encode(), "vtt")
    voice = prepare(babble(70), transcript)
    assert problem in voice.problems[0]
    assert voice.warnings == ()  # such as a wrong rate or an abrupt end: those of the decoded part


def test_hours_of_silence_in_a_small_file_are_one_problem(prepare: Callable[..., Voice], tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "bomb.flac", "w", 192_000, 8) as file:
        for _ in range(30):
            file.write(np.zeros((192_000, 8), np.int16))
    data = bytearray((tmp_path / "bomb.flac").read_bytes())
    data[21:26] = (int.from_bytes(data[21:26], "big") | 192_000 * 36_000).to_bytes(5, "big")  # ten hours by its header
    (problem,) = prepare(bytes(data), "Hi there.", suffix=".flac").problems
    assert "s long, and may be 12 s" in problem


def test_what_a_transcript_does_not_speak_is_a_warning(prepare: Callable[..., Voice]) -> None:
    voice = prepare(babble(4), read_transcript(f"Anna: {text_for(4)} [music]".encode(), "txt"))
    assert (voice.problems, voice.text) == ((), text_for(4) + ". ")
    assert ["'Anna:'" in voice.warnings[0], "[music]" in voice.warnings[1]] == [True, True]


def test_silence_at_the_ends_does_not_count_as_length(prepare: Callable[..., Voice]) -> None:
    voice = prepare(np.concatenate([babble(5), np.zeros(20 * SAMPLE_RATE, np.float32)]), text_for(5))
    assert voice.usable


def test_only_the_beginning_of_a_long_recording_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    soundfile.write(path, np.zeros(3600 * 8_000, np.int16), 8_000)
    beginning = decode(path, limit=60.0)
    assert beginning.samples.size == 60 * 8_000
    assert (beginning.seconds, beginning.complete) == (3600.0, False)


# --- a store of voices ----------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    for name, seed in (("anna", 1), ("bob", 2)):
        path = tmp_path / f"{name}.flac"
        soundfile.write(path, babble(3, seed=seed), SAMPLE_RATE)
        store.upload(path, f"voices/{name}.flac")
        store.write(f"voices/{name}.txt", text_for(3).encode())
    return store


def test_voices_are_listed_with_the_problems_of_their_files(store: LocalStore) -> None:
    for key in ("notes.md", "folder/x.wav", "ghost.txt", "mute.wav", "anna.toml"):
        store.write(f"voices/{key}", b"")
    voices = list_voices(store)
    assert list(voices) == ["anna", "bob", "ghost", "mute"]
    assert voices["anna"].problems == voices["bob"].problems == ()
    assert voices["anna"].settings is not None
    assert "no audio file" in voices["ghost"].problems[0]
    assert "no transcript" in voices["mute"].problems[0]


def test_unusable_voices_are_returned_with_their_problems(store: LocalStore, tmp_path: Path) -> None:
    store.write("voices/anna.toml", b"speed = 0.9\nlanguage = 'en-GB'")
    store.write("voices/bad.wav", b"rubbish")
    store.write("voices/bad.txt", b"Hello.")
    store.write("voices/mute.wav", b"rubbish")
    store.write("voices/typo.wav", b"rubbish")
    store.write("voices/typo.txt", b"Hello.")
    store.write("voices/typo.toml", b"sped = 1")
    store.write("voices/loud.WAV", Path(store.location("voices/anna.flac")).read_bytes())
    store.write("voices/loud.TXT", text_for(3).encode("utf-16"))
    store.write("voices/latin.wav", b"rubbish")
    store.write("voices/latin.txt", "Jürgen".encode("latin-1"))
    voices = {voice.name: voice for voice in prepare_voices(store, tmp_path / "cache")}
    assert {name for name, voice in voices.items() if voice.usable} == {"anna", "bob", "loud"}
    assert (voices["anna"].speed, voices["anna"].language) == (0.9, "en-GB")
    assert "cannot be decoded" in voices["bad"].problems[0]
    assert "no transcript" in voices["mute"].problems[0]
    assert "Did you mean 'speed'?" in voices["typo"].problems[0]
    assert "not UTF-8" in voices["latin"].problems[0]


def test_only_named_voices_are_prepared(store: LocalStore, tmp_path: Path) -> None:
    voices = prepare_voices(store, tmp_path / "cache", ["bob", "missing", "bob"])
    assert [(voice.name, voice.usable) for voice in voices] == [("bob", True), ("missing", False)]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the decoded files."""
    names: list[str] = []
    real = voice_module.decode_apart
    monkeypatch.setattr(
        voice_module, "decode_apart", lambda path, limit: (names.append(path.name), real(path, limit))[1]
    )
    return names


def test_only_changed_voices_are_decoded_again(store: LocalStore, tmp_path: Path, decoded: list[str]) -> None:
    cache = tmp_path / "cache"
    first = prepare_voices(store, cache)
    assert sorted(decoded) == ["anna.flac", "bob.flac"]
    decoded.clear()
    assert prepare_voices(store, cache) == first
    assert decoded == []
    store.write("voices/bob.txt", text_for(3).encode() + b" more")
    anna, bob = prepare_voices(store, cache)
    assert decoded == ["bob.flac"]
    assert (anna, bob.text) == (first[0], text_for(3) + " more. ")
    decoded.clear()
    store.write("voices/bob.toml", b"speed = 1.2")
    assert prepare_voices(store, cache)[1] == replace(bob, speed=1.2)
    prepare_voices(store, cache, limits=VoiceLimits(max_seconds=5))
    assert sorted(decoded) == ["anna.flac", "bob.flac", "bob.flac"]


def test_a_cache_that_cannot_be_written_raises(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "voices").write_text("a file")
    with pytest.raises(FileUnusable, match=r"cache/voices/"):
        prepare_voices(store, tmp_path / "cache")
    (tmp_path / "cache" / "voices").unlink()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # like a full disk
    try:
        with pytest.raises(FileUnusable, match=r"cache/voices/"):
            prepare_voice("v", NATURE, Transcript(NATURE_TEXT), VoiceSettings(), tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "cache" / "voices").iterdir()) == []


@pytest.mark.parametrize("damage", ["delete", "truncate", "empty cache", "damage record"])
def test_a_damaged_cache_is_rebuilt(store: LocalStore, tmp_path: Path, decoded: list[str], damage: str) -> None:
    cache = tmp_path / "cache"
    (first,) = prepare_voices(store, cache, ["anna"])
    intact = Path(first.audio).read_bytes()
    for path in (cache / "voices").iterdir():
        if damage == "empty cache" or (damage == "delete" and path.suffix == ".wav"):
            path.unlink()
        elif damage == "truncate" and path.suffix == ".wav":
            path.write_bytes(intact[: len(intact) // 2])
        elif damage == "damage record" and path.suffix == ".json":
            path.write_text("{")
    assert prepare_voices(store, cache, ["anna"]) == [first]
    assert Path(first.audio).read_bytes() == intact
    assert decoded == ["anna.flac"] * 2


def test_concurrent_preparations_give_the_same_result(store: LocalStore, tmp_path: Path) -> None:
    found: list[list[Voice]] = []
    threads = [
        threading.Thread(target=lambda: found.append(prepare_voices(store, tmp_path / "cache"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 4
    names = sorted(path.suffix for path in (tmp_path / "cache" / "voices").iterdir())
    assert names == [".json", ".json", ".wav", ".wav"]
