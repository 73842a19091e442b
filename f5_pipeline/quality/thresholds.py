"""What a clip may be like before somebody should listen to it: the table ``[quality]`` of ``manifests/BATCH.toml``.

Each name is ``min_`` or ``max_`` and a measure: of the signal (``quality``) or of the words (``recognition``). What
follows from them is decided in ``verdicts``; none of them is in a clip's key, so changing one speaks nothing.
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
Count = Annotated[int, Number, Field(ge=0, le=100_000)]


class Thresholds(BaseModel):
    """Beyond these a clip is suspect. The defaults pass what F5-TTS says when nothing goes wrong.

    Those of words are of a line, or of a piece of a long one. Without a recogniser they say nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_level_db: Decibels = Field(-40.0, description="Level of what is not silent, dB: a whisper.")
    max_clipped_share: Share = Field(0.0005, description="Share of the samples at full scale: clipping.")
    max_silence_share: Share = Field(0.6, description="Share of the time: a clip that is mostly empty.")
    max_longest_gap_seconds: Seconds = Field(1.5, description="Silence between sounds: a hole.")
    max_lead_silence_seconds: Seconds = Field(1.0, description="Silence before the first sound: a late beginning.")
    max_tail_silence_seconds: Seconds = Field(
        1.5, description="Silence after the last sound: words missing at the end."
    )
    min_duration_ratio: Ratio = Field(0.65, description="First to last sound over the expected duration: too short.")
    max_duration_ratio: Ratio = Field(1.4, description="First to last sound over the expected duration: too long.")
    min_chars_per_second: Rate = Field(2.5, description="Letters and digits a second: too slow. Chinese has 4 to 6.")
    max_chars_per_second: Rate = Field(30.0, description="Letters and digits a second: too fast.")
    max_noise_floor_db: Decibels = Field(
        -12.0, description="The quietest tenth, relative to the speech, dB: noise throughout."
    )
    max_end_db: Decibels = Field(
        -12.0, description="The last 10 ms, relative to the speech, dB: a clip that is cut off."
    )
    max_noise_seconds: Seconds = Field(0.4, description="The longest stretch with the flat spectrum of noise.")
    max_steady_seconds: Seconds = Field(
        0.6, description="The longest stretch of one unchanging sound: a hum, a drone, any noise."
    )
    max_repeat_score: Share = Field(0.945, description="Likeness of a stretch and the one before it: said twice.")
    max_missing_words: Count = Field(0, description="Words of the text that were not said.")
    max_repeated_words: Count = Field(0, description="Words that were said once more.")
    max_added_words: Count = Field(1, description="Words that are not in the text.")
    max_leaked_words: Count = Field(0, description="Words of the voice's reference, said before the text.")
    max_word_error_rate: Ratio = Field(0.2, description="Wrong words over the words of the text.")
