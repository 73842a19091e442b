"""``manifests/BATCH.toml``: the settings of a batch, with their ranges and defaults.

Which value wins (row, batch, voice, model) is decided in ``resolve``; environment variables are in
``settings.environment``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from f5_pipeline.audio.formats import Encoding
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.settings.fields import (
    CfgStrength,
    Channels,
    Language,
    NfeStep,
    NoneIfOff,
    Number,
    Pause,
    Seed,
    Slug,
    Speed,
    Title,
    ZeroIfOff,
)
from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore


class BatchSettings(BaseModel):
    """``manifests/BATCH.toml``. All keys are optional; None: the voice's or the model's own value holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: Slug | None = Field(None, description="The voice of rows that name none.")
    language: Language | None = Field(None, description="The language of the text (en, de, zh, …) for the front end.")
    model: str | None = Field(None, description="A name in the model catalogue; default: F5_MODEL.")
    preset: Literal["best", "balanced", "fast"] | None = Field(
        None, description="Quality against speed: 32, 16 or 7 steps; an explicit nfe_step wins."
    )
    nfe_step: NfeStep | None = Field(None, description="Steps of the solver (5, 6, 7, 10, 12 and 16 are well placed).")
    cfg_strength: CfgStrength | None = Field(None, description="Classifier-free guidance; 0 is off and twice as fast.")
    sway_sampling_coef: Annotated[Annotated[float, Number, Field(ge=-1, le=1)] | None, ZeroIfOff] = Field(
        None, description='Sway sampling; 0 or "none" switches it off.'
    )
    speed: Speed | None = Field(None, description="1.0 is the speech rate of the reference.")
    cross_fade_duration: Annotated[float, Number, Field(ge=0, le=1)] | None = Field(
        None, description="Seconds, between the pieces of a long text."
    )
    seed: Seed | None = Field(None, description="One seed for all rows; default: each row has its own.")
    max_attempts: Annotated[int, Number, Field(ge=1, le=10)] = Field(
        3, description="How often a line whose audio looks wrong is spoken before it is left as suspect."
    )
    recogniser: Literal["none", "auto", "pocketsphinx", "faster_whisper"] | None = Field(
        None, description="Who checks the words of each clip; default: F5_RECOGNISER."
    )
    quality: Thresholds = Field(Thresholds(), description="A table: beyond which measures a clip is suspect.")
    on_bad_rows: Literal["reject", "fail"] = Field("reject", description="Speak the good rows, or stop.")
    commercial: bool = Field(False, description="Refuse models whose licence forbids commercial use.")
    format: Literal["wav", "flac", "mp3", "opus", "ogg", "m4a"] = Field("wav", description="Of the delivered files.")
    sample_rate: Annotated[int, Number, Field(ge=8_000, le=96_000)] = Field(
        24_000, description="Hz, of the delivered files."
    )
    channels: Annotated[Literal[1, 2], Channels] = Field(
        1, description="1 or 2 (or mono, stereo); stereo has the voice on both."
    )
    bit_depth: Literal[16, 24, 32] | None = Field(
        None, description="Of wav (16, 24, 32: floating point) and flac (16, 24); default: 16."
    )
    bitrate_kbps: Annotated[int, Number, Field(ge=6)] | None = Field(
        None, description="Of mp3, opus, m4a and the audiobook; default: what suits speech."
    )
    loudness_lufs: Annotated[Annotated[float, Number, Field(ge=-40, le=-5)] | None, NoneIfOff] = Field(
        -19.0, description='Integrated loudness of the delivered files (EBU R128); "none" leaves it alone.'
    )
    true_peak_db: Annotated[float, Number, Field(ge=-20, le=0)] = Field(
        -1.0, description="dBTP, the highest peak that the loudness step may leave."
    )
    trim_silence: Annotated[float, Number, Field(ge=0, le=10)] | StrictBool = Field(
        True, description="Cut silent ends; a number: the seconds of silence to keep at each; false: leave them."
    )
    fade_seconds: Annotated[Annotated[float, Number, Field(ge=0, le=10)], ZeroIfOff] = Field(
        0.005, description="The fade at both ends of each clip; 0: none."
    )
    join_sections: bool = Field(False, description="One file for each section, in manifest order.")
    pause_seconds: Pause = Field(0.5, description="Between the clips of a joined section, unless a row says otherwise.")
    subtitles: Literal["none", "srt", "vtt", "both"] = Field("none", description="Beside the joined sections.")
    audiobook: bool = Field(False, description="One m4b of all sections, with a chapter for each.")
    title: Title | None = Field(None, description="Of the audiobook; default: the batch's name.")
    author: Title | None = Field(None, description="Of the audiobook.")
    chapter_pause_seconds: Pause = Field(2.0, description="Between two chapters of the audiobook.")
    section_titles: dict[Slug, Title] = Field({}, description="What chapters are called; default: like their section.")

    @property
    def encoding(self) -> Encoding:
        """How the files of lines and joined sections are written."""
        # A bit rate beside a lossless format can only be meant for the audiobook.
        bitrate = None if self.audiobook and self.format in ("wav", "flac") else self.bitrate_kbps
        return Encoding(self.format, self.sample_rate, self.channels, self.bit_depth, bitrate)

    @property
    def book_encoding(self) -> Encoding | None:
        """How the audiobook is written; None: there is none."""
        if not self.audiobook:
            return None
        return Encoding("m4b", self.sample_rate, self.channels, bitrate_kbps=self.bitrate_kbps)

    @model_validator(mode="after")
    def _can_be_written(self) -> BatchSettings:
        """Raises ``BadEncoding``: long before the first file has to be written."""
        _ = self.encoding, self.book_encoding
        return self


def read_batch_settings(store: ObjectStore, batch: str) -> BatchSettings:
    """The settings of a batch; the defaults if it has no settings file.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BadSetting: the file is not readable, or a key is unknown or has an impossible value.
    """
    key = layout.manifest_object(batch, "toml")
    if store.stat(key) is None:
        return BatchSettings()
    return parse_settings(BatchSettings, store.read(key), store.location(key))
