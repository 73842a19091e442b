"""Quality thresholds beyond which a clip is suspect: the table ``[quality]`` of ``manifests/BATCH.toml``.

Each name is ``min_`` or ``max_`` and a measure: of the signal (``signal``), of the words (``asr.comparison``) or of the
voice (``neural.check``). ``verdicts`` applies them. They are not in the clip key, so that a change speaks nothing.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from f5_pipeline.settings.fields import Number

Decibels = Annotated[float, Number, Field(ge=-120, le=0, allow_inf_nan=False)]
Share = Annotated[float, Number, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Number, Field(ge=0, le=3600, allow_inf_nan=False)]
Ratio = Annotated[float, Number, Field(ge=0, le=100, allow_inf_nan=False)]
Rate = Annotated[float, Number, Field(ge=0, le=1000, allow_inf_nan=False)]
Similarity = Annotated[float, Number, Field(ge=-1, le=1, allow_inf_nan=False)]
Opinion = Annotated[float, Number, Field(ge=0, le=5, allow_inf_nan=False)]
Count = Annotated[int, Number, Field(ge=0, le=100_000)]


class Thresholds(BaseModel):
    """A clip beyond a threshold is suspect. The defaults pass faultless F5-TTS speech.

    Word and voice thresholds apply to a line, or to each chunk of a long line; without a recogniser or without neural
    measures they have no effect.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_level_db: Decibels = Field(
        -40.0, description="Level without silence, in dB; below it, a clip is nearly inaudible."
    )
    max_clipped_share: Share = Field(0.0005, description="Share of samples at full scale: clipping.")
    max_silence_share: Share = Field(0.6, description="Share of silence: a mostly silent clip.")
    max_longest_gap_seconds: Seconds = Field(1.5, description="Longest silence between sounds: a gap.")
    max_lead_silence_seconds: Seconds = Field(1.0, description="Silence before the first sound: a late start.")
    max_tail_silence_seconds: Seconds = Field(
        1.5, description="Silence after the last sound: missing words at the end."
    )
    min_duration_ratio: Ratio = Field(
        0.65, description="Time from first to last sound over the expected duration: too short."
    )
    max_duration_ratio: Ratio = Field(
        1.4, description="Time from first to last sound over the expected duration: too long."
    )
    min_chars_per_second: Rate = Field(2.5, description="Letters and digits per second: too slow. Chinese has 4 to 6.")
    max_chars_per_second: Rate = Field(30.0, description="Letters and digits per second: too fast.")
    max_noise_floor_db: Decibels = Field(
        -12.0, description="Level of the quietest tenth relative to the speech, in dB: constant noise."
    )
    max_end_db: Decibels = Field(
        -12.0, description="Level of the last 10 ms relative to the speech, in dB: a truncated clip."
    )
    max_noise_seconds: Seconds = Field(0.4, description="Longest passage with the flat spectrum of noise.")
    max_steady_seconds: Seconds = Field(
        0.6, description="Longest unchanging sound: a hum, a drone or noise of any colour."
    )
    max_repeat_score: Share = Field(
        0.945, description="Similarity of two consecutive stretches of sound: repeated speech."
    )
    max_overrun_seconds: Seconds = Field(
        0.05, description="Speech after the start of the next line, of lines with times: too long for its time."
    )
    max_missing_words: Count = Field(0, description="Words of the text that are not spoken.")
    max_repeated_words: Count = Field(0, description="Words that are spoken twice.")
    max_added_words: Count = Field(1, description="Words that are not in the text.")
    max_leaked_words: Count = Field(0, description="Words of the voice's reference, spoken before the text.")
    max_word_error_rate: Ratio = Field(0.2, description="Word error rate: word errors over the words of the text.")
    min_speaker_similarity: Similarity = Field(
        0.0, description="Similarity of the voice to its reference recording, 0 to 1; 0: no limit."
    )
    min_speaker_margin: Similarity = Field(
        -0.1,
        description="Similarity to its reference less that to the nearest other voice of the batch, of the worst part.",
    )
    min_speaker_consistency: Similarity = Field(
        0.7, description="Lowest similarity of a part of the line to the rest, in the same voice: a voice that changes."
    )
    min_mos: Opinion = Field(0.0, description="Predicted mean opinion score, 1 to 5; 0: no limit.")
