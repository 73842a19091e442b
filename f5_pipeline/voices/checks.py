"""What makes a voice unusable or doubtful, judged by numbers: lengths, levels, and characters a second."""

from __future__ import annotations

from dataclasses import dataclass

from f5_pipeline.audio.decode import Measures
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.text.front_end import has_speech


@dataclass(frozen=True)
class VoiceLimits:
    """What makes a reference usable. Seconds are of speech, without the silence that is added at the end."""

    min_seconds: float = 1.0
    max_seconds: float = 12.0
    silence_at_end: float = 1.0  # seconds; F5's own advice, without it words are cut at the seam
    max_clipped_share: float = 0.001
    min_speech_db: float = -40.0  # dBFS
    min_signal_to_noise_db: float = 12.0
    max_end_db: float = -15.0  # relative to the speech; recordings that end in silence have less than -25
    min_sample_rate: int = 16_000  # Hz
    usual_characters_per_second: tuple[float, float] = (6.0, 25.0)  # outside: a warning
    possible_characters_per_second: tuple[float, float] = (
        2.0,
        45.0,
    )  # outside: text and audio do not belong together

    @staticmethod
    def of(spec: ModelSpec) -> VoiceLimits:
        """The limits of one model."""
        return VoiceLimits(max_seconds=spec.max_ref_seconds)


USUAL_LIMITS = VoiceLimits()


def find_problems(measures: Measures, text: str, limits: VoiceLimits) -> tuple[str, ...]:
    if measures.silent:
        return ("it is silent",)
    found = []
    if measures.seconds < limits.min_seconds:
        found.append(f"it has {measures.seconds:.2f} s of sound and needs {limits.min_seconds:g} s (4 to 8 s are best)")
    if not has_speech(text):
        found.append("its transcript is empty; write down what the recording says")
    elif not _within(_rate(measures, text), limits.possible_characters_per_second):
        found.append(
            f"its transcript cannot belong to the recording ({_rate(measures, text):.1f} characters a second); "
            "write down exactly what the recording says"
        )
    return tuple(found)


def find_warnings(measures: Measures, text: str, sample_rate: int, limits: VoiceLimits) -> tuple[str, ...]:
    if measures.silent:
        return ()
    rate, noise = _rate(measures, text), measures.speech_db - measures.noise_db
    lowest, highest = limits.usual_characters_per_second
    checks = (
        (
            not _within(rate, (lowest, highest)) and _within(rate, limits.possible_characters_per_second),
            f"the transcript probably does not match the recording ({rate:.1f} characters a second; "
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
            "the recording ends abruptly, perhaps within a word; end it after a whole sentence, where it is silent",
        ),
        (
            sample_rate < limits.min_sample_rate,
            f"the recording has {sample_rate / 1000:g} kHz only; the voice will sound dull",
        ),
    )
    return tuple(sentence for applies, sentence in checks if applies)


def _rate(measures: Measures, text: str) -> float:
    """Characters a second; one of a script without letters (Chinese, Kana, Hangul) counts as three."""
    characters = sum(3 if "\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" else 1 for c in text.strip())
    return characters / max(measures.seconds, 0.01)


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
