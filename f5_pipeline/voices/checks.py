"""Checks of a voice, by length, levels and characters per second. Problems make it unusable, warnings do not.

``audio.decode`` measures the recording; ``voices.prepare`` runs the checks.
"""

from __future__ import annotations

from dataclasses import dataclass

from f5_pipeline.audio.decode import Measures
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.text.front_end import has_speech


@dataclass(frozen=True)
class VoiceLimits:
    """Limits of a usable reference. Seconds are of speech, without the silence appended at its end."""

    min_seconds: float = 1.0
    max_seconds: float = 12.0
    silence_at_end: float = 1.0  # seconds, as F5-TTS recommends; without it words are cut where reference and line meet
    max_clipped_share: float = 0.001
    min_speech_db: float = -40.0  # dBFS
    min_signal_to_noise_db: float = 12.0
    max_end_db: float = -15.0  # relative to the speech; recordings that end in silence are below -25
    min_sample_rate: int = 16_000  # Hz
    usual_characters_per_second: tuple[float, float] = (6.0, 25.0)  # outside: a warning
    possible_characters_per_second: tuple[float, float] = (2.0, 45.0)  # outside: text and audio do not match

    @staticmethod
    def of(spec: ModelSpec) -> VoiceLimits:
        """The limits of one model."""
        return VoiceLimits(max_seconds=spec.max_ref_seconds)


USUAL_LIMITS = VoiceLimits()


def find_problems(measures: Measures, text: str, limits: VoiceLimits) -> tuple[str, ...]:
    """Why the voice is unusable, as clauses for the user. ``text`` is the prepared transcript."""
    if measures.silent:
        return ("it is silent",)
    found, rate = [], _characters_per_second(measures, text)
    if measures.seconds < limits.min_seconds:
        found.append(f"it has {measures.seconds:.2f} s of sound and needs {limits.min_seconds:g} s (4 to 8 s are best)")
    if not has_speech(text):
        found.append("its transcript is empty; write down the words of the recording")
    elif not _within(rate, limits.possible_characters_per_second):
        found.append(
            f"its transcript cannot belong to the recording ({rate:.1f} characters per second); "
            "write down exactly the words of the recording"
        )
    return tuple(found)


def find_warnings(measures: Measures, text: str, sample_rate: int, limits: VoiceLimits) -> tuple[str, ...]:
    """Why the voice may sound bad, as clauses for the user. ``sample_rate`` is the recording's own, in Hz."""
    if measures.silent:
        return ()
    rate, noise = _characters_per_second(measures, text), measures.speech_db - measures.noise_db
    lowest, highest = limits.usual_characters_per_second
    checks = (
        (
            not _within(rate, (lowest, highest)) and _within(rate, limits.possible_characters_per_second),
            f"the transcript probably does not match the recording ({rate:.1f} characters per second; "
            f"{lowest:g} to {highest:g} are usual)",
        ),
        (measures.clipped_share > limits.max_clipped_share, "the recording is clipped; record it at a lower level"),
        (measures.speech_db < limits.min_speech_db, f"the recording is very quiet ({measures.speech_db:.0f} dBFS)"),
        (
            noise < limits.min_signal_to_noise_db,
            f"the recording is noisy (speech is {noise:.0f} dB above the noise)",
        ),
        (
            measures.end_db > limits.max_end_db,
            "the recording ends abruptly, perhaps within a word; end it in the silence after a complete sentence",
        ),
        (
            sample_rate < limits.min_sample_rate,
            f"the recording has only {sample_rate / 1000:g} kHz; the voice will sound dull",
        ),
    )
    return tuple(warning for applies, warning in checks if applies)


def _characters_per_second(measures: Measures, text: str) -> float:
    """Characters per second; a Chinese, Japanese or Korean character counts as three."""
    characters = sum(3 if "\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" else 1 for c in text.strip())
    return characters / max(measures.seconds, 0.01)


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
