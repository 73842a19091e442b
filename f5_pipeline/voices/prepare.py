"""Preparing voices: reference audio and transcript, checked, conditioned and cached on this machine.

``audio.decode`` works on the samples, ``voices.transcript`` on the text, ``voices.checks`` judges both;
``voices.listing`` finds the voices of a store.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import soundfile

from f5_pipeline.audio.decode import (
    Decoded,
    Undecodable,
    condition,
    decode,
    measure,
    pad_end,
    to_int16,
    trim_reference,
)
from f5_pipeline.audio.decode_process import decode_apart
from f5_pipeline.audio.recording_formats import decoded_seconds
from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.errors import BadSetting, KeepsChanging, ObjectMissing
from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.storage.fetch import LocalCopy, fetch
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.parallel import Threads
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.text.front_end import reference_text
from f5_pipeline.voices.checks import USUAL_LIMITS, VoiceLimits, find_problems, find_warnings
from f5_pipeline.voices.listing import VoiceFiles, list_voices
from f5_pipeline.voices.settings import VoiceSettings
from f5_pipeline.voices.transcript import Transcript, read_transcript
from f5_pipeline.voices.voice import Voice

_VERSION = 3  # raise it when the same files should be prepared differently
_THREADS = 8
_WAV_HEADER_BYTES = 44


def prepare_voice(
    name: str,
    audio: Path,
    transcript: Transcript,
    settings: VoiceSettings,
    cache: Path,
    limits: VoiceLimits = USUAL_LIMITS,
    decode: Callable[[Path, float], Decoded] = decode,
) -> Voice:
    """Decode, check and condition one voice, and write its reference to ``cache`` under its fingerprint.

    Never raises for a bad voice: its ``problems`` give the reason and the fix. ``decode``: ``decode_apart`` for a
    recording that is not trusted.

    Raises:
        FileUnusable: the cache cannot be written.
    """
    voice = Voice(name, (), language=settings.language, speed=settings.speed, model=settings.model)
    try:
        decoded = decode(audio, decoded_seconds(limits.max_seconds))
    except Undecodable as reason:
        return replace(voice, problems=(str(reason),))
    samples = condition(decoded.samples, decoded.sample_rate)
    speech, transcript, too_long = _fit(decoded, samples, transcript, limits.max_seconds)
    text, measures = reference_text(transcript.text), measure(speech)
    voice = replace(
        voice,
        problems=(too_long,) if too_long else find_problems(measures, text, limits),
        warnings=(
            *transcript.warnings,
            *(() if too_long else find_warnings(measures, text, decoded.sample_rate, limits)),
        ),
        text=text,
        audio_seconds=measures.seconds,
        speech_seconds=measures.seconds,
    )
    return _with_reference(voice, pad_end(speech, limits.silence_at_end), cache) if voice.usable else voice


def prepare_voices(
    store: ObjectStore,
    cache: Path,
    names: Iterable[str] | None = None,
    limits: VoiceLimits = USUAL_LIMITS,
) -> list[Voice]:
    """Prepare all voices of a store, or the named ones; downloads and decodes only what changed.

    The list includes unusable voices, with their problems.

    Raises:
        StoreUnusable: the store cannot be listed or read.
        FileUnusable: the cache cannot be written.
    """
    listed = list_voices(store)
    selected = listed if names is None else {name: listed.get(name, VoiceFiles(name)) for name in dict.fromkeys(names)}
    with Threads(_THREADS, "voice") as threads:
        return list(threads.map(lambda files: _prepare_cached(store, cache, files, limits), selected.values()))


def _fit(
    decoded: Decoded, samples: Samples, transcript: Transcript, max_seconds: float
) -> tuple[Samples, Transcript, str | None]:
    """The speech of a reference and its transcript; the beginning of both if it is too long and timed.

    The third value is the problem of a reference that is too long and cannot be cut.
    """
    speech = trim_reference(samples)
    seconds = len(speech) / SAMPLE_RATE if decoded.complete else decoded.seconds
    if seconds <= max_seconds:
        return speech, transcript, None
    advice = f"cut it to 4 to {min(10, max_seconds):g} s, and its transcript to the words that remain"
    if not transcript.cues:
        problem = f"it is {seconds:.1f} s long, and may be {max_seconds:g} s; {advice}, or give it as .srt or .vtt"
        return speech, transcript, problem
    latest = transcript.cues[0].start + max_seconds
    if not decoded.complete:
        latest = min(latest, len(samples) / SAMPLE_RATE)
    kept = transcript.until(latest)
    if not kept.cues:
        problem = f"it is {seconds:.1f} s long, and its first cue ends after {latest:g} s; {advice}"
        return speech, transcript, problem
    start, end = (int(second * SAMPLE_RATE) for second in (kept.cues[0].start, kept.cues[-1].end))
    return trim_reference(samples[start:end]), kept, None


# --- this machine's cache -------------------------------------------------------------------------------------


def _with_reference(voice: Voice, samples: Samples, cache: Path) -> Voice:
    """Write the reference as a 16-bit WAV file named by its fingerprint; the voice with both."""
    pcm = to_int16(samples)
    fingerprint = hashlib.sha256(pcm.astype("<i2").tobytes() + b"\0" + voice.text.encode()).hexdigest()
    path = cache / "voices" / f"{fingerprint}.wav"
    wav = io.BytesIO()  # libsndfile would hide why a file cannot be written
    soundfile.write(wav, pcm, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    _write(path, wav.getvalue())  # an existing file has the same bytes, unless it is damaged
    return replace(voice, audio=str(path), fingerprint=fingerprint, audio_seconds=len(pcm) / SAMPLE_RATE)


def _prepare_cached(store: ObjectStore, cache: Path, files: VoiceFiles, limits: VoiceLimits) -> Voice:
    if files.problems:
        return Voice(files.name, files.problems)
    if (cached := _read_record(_record_path(store, cache, files.objects, limits))) is not None:
        return cached
    try:
        copies = fetch(store, files.objects, cache)
    except (ObjectMissing, KeepsChanging) as error:
        return Voice(files.name, (str(error).rstrip("."),))
    voice = _prepare_copies(files.name, copies, cache, limits)
    record = _record_path(store, cache, [copy.info for copy in copies], limits)
    _write(record, json.dumps(asdict(voice)).encode())
    return voice


def _write(path: Path, data: bytes) -> None:
    with translate_os_errors(path), atomic_write(path) as file:
        file.write(data)


def _prepare_copies(name: str, copies: Sequence[LocalCopy], cache: Path, limits: VoiceLimits) -> Voice:
    """Prepare a voice from local ``copies``: audio, transcript, then the settings, if there are any."""
    audio, text, *toml = (copy.path for copy in copies)
    try:
        settings = parse_settings(VoiceSettings, toml[0].read_bytes(), copies[2].info.key) if toml else VoiceSettings()
        transcript = read_transcript(text.read_bytes(), text.suffix.lstrip(".").lower())
    except (BadSetting, ValueError) as error:
        return Voice(name, (str(error).rstrip("."),))
    return prepare_voice(name, audio, transcript, settings, cache, limits, decode_apart)


def _record_path(store: ObjectStore, cache: Path, objects: Sequence[ObjectInfo], limits: VoiceLimits) -> Path:
    """The path of the record of these versions of a voice's files."""
    parts = [_VERSION, store.url, asdict(limits), [(info.key, info.size, info.etag) for info in objects]]
    return cache / "voices" / f"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}.json"


def _read_record(path: Path) -> Voice | None:
    """The voice of a record; None if there is none, or the voice's reference is missing or damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        voice = Voice(**{**values, "problems": tuple(values["problems"]), "warnings": tuple(values["warnings"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    expected = _WAV_HEADER_BYTES + 2 * round(voice.audio_seconds * SAMPLE_RATE)
    intact = Path(voice.audio).is_file() and Path(voice.audio).stat().st_size == expected
    return voice if intact or not voice.usable else None
