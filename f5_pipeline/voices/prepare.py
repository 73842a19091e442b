"""Making a voice ready: reference audio and transcript, checked, conditioned and kept in this machine's cache.

Arrays are handled in ``audio``, transcripts in ``transcript``, both are judged in ``checks``; what voices there are is
in ``listing``.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import soundfile

from f5_pipeline.audio.decode import (
    Decoded,
    Undecodable,
    condition,
    decode,
    measure,
    to_int16,
    trim,
    with_silence_at_end,
)
from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.errors import BadSetting, KeepsChanging, ObjectMissing
from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.storage.fetch import LocalCopy, fetch
from f5_pipeline.storage.filesystem import translate_os_errors
from f5_pipeline.storage.object_store import ObjectInfo, ObjectStore
from f5_pipeline.storage.partial import atomic_write
from f5_pipeline.text.front_end import reference_text
from f5_pipeline.voices.checks import USUAL_LIMITS, VoiceLimits, find_problems, find_warnings
from f5_pipeline.voices.listing import VoiceFiles, list_voices
from f5_pipeline.voices.settings import VoiceSettings
from f5_pipeline.voices.transcript import Transcript, read_transcript
from f5_pipeline.voices.voice import Voice

_VERSION = 1  # bumped when the same files would be prepared differently
_THREADS = 8


def prepare_voice(
    name: str,
    audio: Path,
    transcript: Transcript,
    settings: VoiceSettings,
    cache: Path,
    limits: VoiceLimits = USUAL_LIMITS,
) -> Voice:
    """Decode, check and condition one voice; write its reference to ``cache`` under its fingerprint.

    Never raises for a bad voice: its ``problems`` say what is wrong and what to do.

    Raises:
        FileUnusable: the cache cannot be written.
    """
    voice = Voice(name, (), language=settings.language, speed=settings.speed, model=settings.model)
    try:
        decoded = decode(audio, limit=max(60.0, 3 * limits.max_seconds))
    except Undecodable as reason:
        return replace(voice, problems=(str(reason),))
    samples = condition(decoded.samples, decoded.sample_rate)
    speech, transcript, too_long = _cut(decoded, samples, transcript, limits.max_seconds)
    text, measures = reference_text(transcript.text), measure(speech)
    voice = replace(
        voice,
        problems=(too_long,) if too_long else find_problems(measures, text, limits),
        warnings=find_warnings(measures, text, decoded.sample_rate, limits),
        text=text,
        audio_seconds=measures.seconds,
        speech_seconds=measures.seconds,
    )
    return _written(voice, with_silence_at_end(speech, limits.silence_at_end), cache) if voice.usable else voice


def prepare_voices(
    store: ObjectStore,
    cache: Path,
    names: Iterable[str] | None = None,
    limits: VoiceLimits = USUAL_LIMITS,
) -> list[Voice]:
    """All voices of a store (or those named), ready on this machine; only what changed is fetched and decoded.

    Voices that cannot be used are in the list too, with their problems.

    Raises:
        StoreUnusable: the store cannot be listed or read.
        FileUnusable: the cache cannot be written.
    """
    listed = list_voices(store)
    wanted = listed if names is None else {name: listed.get(name, VoiceFiles(name)) for name in dict.fromkeys(names)}
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="voice") as threads:
        return list(threads.map(lambda files: _prepare_cached(store, cache, files, limits), wanted.values()))


def _cut(
    decoded: Decoded, samples: Samples, transcript: Transcript, longest: float
) -> tuple[Samples, Transcript, str | None]:
    """The speech of a reference and its transcript; of a long one with a timed transcript, its beginning.

    The third value is the problem, if it is too long and cannot be cut.
    """
    speech = trim(samples)
    seconds = len(speech) / SAMPLE_RATE if decoded.whole else decoded.seconds
    if seconds <= longest:
        return speech, transcript, None
    advice = f"cut it to a piece of 4 to {min(10, longest):g} s, and its transcript to what is said there"
    if not transcript.cues:
        problem = f"it is {seconds:.1f} s long, and may be {longest:g} s; {advice}, or give it as .srt or .vtt"
        return speech, transcript, problem
    kept = transcript.until(longest + transcript.cues[0].start)
    if not kept.cues:
        return speech, transcript, f"it is {seconds:.1f} s long, and its first cue ends after {longest:g} s; {advice}"
    start, end = (int(second * SAMPLE_RATE) for second in (kept.cues[0].start, kept.cues[-1].end))
    return trim(samples[start:end]), kept, None


# --- this machine's cache -------------------------------------------------------------------------------------


def _written(voice: Voice, samples: Samples, cache: Path) -> Voice:
    """Write the reference as 16-bit WAV, whole or not at all; its name is its fingerprint."""
    pcm = to_int16(samples)
    fingerprint = hashlib.sha256(pcm.astype("<i2").tobytes() + b"\0" + voice.text.encode()).hexdigest()
    path = cache / "voices" / f"{fingerprint}.wav"
    wav = io.BytesIO()  # libsndfile would not pass on why a file cannot be written
    soundfile.write(wav, pcm, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    _keep(path, wav.getvalue())  # even if it is there: the same bytes, unless what is there was harmed
    return replace(voice, audio=str(path), fingerprint=fingerprint, audio_seconds=len(pcm) / SAMPLE_RATE)


def _prepare_cached(store: ObjectStore, cache: Path, files: VoiceFiles, limits: VoiceLimits) -> Voice:
    if files.problems:
        return Voice(files.name, files.problems)
    if (known := _recorded(_record(store, cache, files.objects, limits))) is not None:
        return known
    try:
        copies = fetch(store, files.objects, cache)
    except (ObjectMissing, KeepsChanging) as error:
        return Voice(files.name, (str(error).rstrip("."),))
    voice = _prepare_copies(files.name, copies, cache, limits)
    _keep(_record(store, cache, [copy.info for copy in copies], limits), json.dumps(asdict(voice)).encode())
    return voice


def _keep(path: Path, data: bytes) -> None:
    with translate_os_errors(path), atomic_write(path) as file:
        file.write(data)


def _prepare_copies(name: str, copies: Sequence[LocalCopy], cache: Path, limits: VoiceLimits) -> Voice:
    """``copies``: audio, transcript and, if there are any, settings."""
    audio, words, *rest = (copy.path for copy in copies)
    try:
        settings = parse_settings(VoiceSettings, rest[0].read_bytes(), copies[2].info.key) if rest else VoiceSettings()
        transcript = read_transcript(words.read_bytes(), words.suffix.lstrip("."))
    except (BadSetting, ValueError) as error:
        return Voice(name, (str(error).rstrip("."),))
    return prepare_voice(name, audio, transcript, settings, cache, limits)


def _record(store: ObjectStore, cache: Path, sources: Sequence[ObjectInfo], limits: VoiceLimits) -> Path:
    """Where the result for these versions of a voice's files is kept."""
    parts = [_VERSION, store.url, asdict(limits), [(info.key, info.size, info.etag) for info in sources]]
    return cache / "voices" / f"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}.json"


def _recorded(record: Path) -> Voice | None:
    """A voice prepared before, if its reference is still there whole."""
    try:
        values = json.loads(record.read_text(encoding="utf-8"))
        voice = Voice(**{**values, "problems": tuple(values["problems"]), "warnings": tuple(values["warnings"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    expected = 44 + 2 * round(voice.audio_seconds * SAMPLE_RATE)
    whole = Path(voice.audio).is_file() and Path(voice.audio).stat().st_size == expected
    return voice if whole or not voice.usable else None
