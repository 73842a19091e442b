"""``manifests/BATCH.toml``: the settings of a batch, with their ranges and defaults.

``resolve`` decides which value wins (row, batch, voice or model). Environment variables are in
``settings.environment``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from f5_pipeline.audio.formats import FORMATS, Encoding, default_sample_rate
from f5_pipeline.audio.trim import TrimSettings
from f5_pipeline.manifests.columns import ColumnNames
from f5_pipeline.manifests.formats.reading import ReadOptions
from f5_pipeline.models.spec import Solver
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.settings.fields import (
    CfgStrength,
    Channels,
    ColumnName,
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
from f5_pipeline.settings.toml import MAX_TOML_BYTES, parse_settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.text.markup.interpret import Directions, Markup


class ColumnSettings(BaseModel):
    """The table ``[columns]``: the names that a manifest has for columns. The names match as those of columns do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: ColumnName | None = Field(None, description="The column of the texts to speak.")
    voice: ColumnName | None = Field(None, description="The column of the voices.")
    id: ColumnName | None = Field(None, description="The column of the ids.")
    folder: ColumnName | None = Field(None, description="The column of the folders of the ids.")
    language: ColumnName | None = Field(None, description="The column of the languages.")
    speed: ColumnName | None = Field(None, description="The column of the speech rates.")
    seed: ColumnName | None = Field(None, description="The column of the seeds.")
    nfe_step: ColumnName | None = Field(None, description="The column of the solver steps.")
    solver: ColumnName | None = Field(None, description="The column of the solvers.")
    cfg_strength: ColumnName | None = Field(None, description="The column of the guidance strengths.")
    section: ColumnName | None = Field(None, description="The column of the sections.")
    pause_after_seconds: ColumnName | None = Field(None, description="The column of the pauses after a row.")
    start: ColumnName | None = Field(None, description="The column of the starts on a time line.")
    end: ColumnName | None = Field(None, description="The column of the ends on a time line.")


class BatchSettings(BaseModel):
    """``manifests/BATCH.toml``. All keys are optional; None means the value of the voice or the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: Slug | None = Field(None, description="The voice of rows that do not name one.")
    language: Language | None = Field(
        None,
        description="Language of the text, such as en, de or zh; default: that of the voice, else by the script of the "
        "text.",
    )
    model: str | None = Field(
        None, description="A name in the model catalogue; default: that of the voice, else F5_MODEL."
    )
    preset: Literal["best", "balanced", "fast"] | None = Field(
        None,
        description="Trades quality for speed: 16 or 14 steps of ab2, or 7 of Euler's method; an explicit nfe_step or "
        "solver wins.",
    )
    nfe_step: NfeStep | None = Field(
        None,
        description="Solver steps, each an evaluation of the model. Euler's method has an optimised schedule for 5, 6, "
        "7, 10, 12 and 16. Default: that of the model.",
    )
    solver: Solver | None = Field(
        None,
        description="How the steps are taken: euler, as upstream; ab2, of second order: nearer to the exact solution "
        "with the same steps. Default: that of the preset, else that of the model.",
    )
    cfg_strength: CfgStrength | None = Field(
        None,
        description="Classifier-free guidance; 0 switches it off and is twice as fast. Default: that of the model.",
    )
    sway_sampling_coef: Annotated[Annotated[float, Number, Field(ge=-1, le=1)] | None, ZeroIfOff] = Field(
        None, description='Sway sampling; 0 or "none" switches it off. Default: that of the model.'
    )
    speed: Speed | None = Field(
        None, description="Speech rate; 1 is that of the reference. Default: that of the voice, else 1."
    )
    cross_fade_duration: Annotated[float, Number, Field(ge=0, le=1)] | None = Field(
        None, description="Seconds of cross-fade between the chunks of a long text; default: that of the model."
    )
    seed: Seed | None = Field(None, description="One seed for all rows; default: one per row.")
    max_attempts: Annotated[int, Number, Field(ge=1, le=10)] = Field(
        3, description="Takes of a line until one passes the quality check; if none does, the line is suspect."
    )
    takes: Annotated[int, Number, Field(ge=1, le=10)] = Field(
        1,
        description="Takes of every line, of which the best is kept: by its words, its voice and its MOS. More follow "
        "if none passes the quality check, up to max_attempts.",
    )
    recogniser: Literal["none", "auto", "pocketsphinx", "faster_whisper"] | None = Field(
        None, description="Speech recogniser that checks the words of each clip; default: F5_RECOGNISER."
    )
    quality: Thresholds = Field(Thresholds(), description="A table: the thresholds beyond which a clip is suspect.")
    columns: ColumnSettings = Field(
        ColumnSettings(), description="A table: the names of the columns in the manifest, where they are not ours."
    )
    txt_rows: Literal["paragraph", "line"] = Field("paragraph", description="What one row of a txt manifest is.")
    markup: Markup = Field(
        "auto",
        description="auto: SSML, HTML, game tags and Markdown where beyond doubt; ssml, markdown: the texts are that;"
        " plain: only [pause], [voice], [language] and [speed] are tags. Default for md manifests: markdown.",
    )
    directions: Directions = Field(
        "drop", description="Directions such as [laughs], and footnote marks: drop, reject (the row) or speak."
    )
    on_bad_rows: Literal["reject", "fail"] = Field("reject", description="reject: speak the valid rows; fail: stop.")
    unsayable: Literal["reject", "drop"] = Field(
        "reject",
        description="Emoji and signs that the model cannot say: reject the row; drop them, with a note in the index.",
    )
    commercial: bool = Field(False, description="Refuse models whose licence forbids commercial use.")
    format: Literal["wav", "flac", "mp3", "opus", "ogg", "m4a", "au", "ulaw", "alaw", "sln"] = Field(
        "wav", description="Format of the delivered files; ulaw, alaw and sln: telephone audio without a header."
    )
    codec: Literal["pcm", "ulaw", "alaw"] = Field("pcm", description="Codec of wav and au; ulaw and alaw: telephone.")
    sample_rate: Annotated[int, Number, Field(ge=8_000, le=96_000)] | None = Field(
        None, description="Sample rate of the delivered files, in Hz; default: 24000, of telephone audio 8000."
    )
    channels: Annotated[Literal[1, 2], Channels] = Field(
        1, description="1 or 2 (or mono, stereo); stereo repeats the voice on both channels."
    )
    bit_depth: Literal[16, 24, 32] | None = Field(
        None, description="Bits per sample of wav and au (16, 24, 32: floating point) and flac (16, 24); default: 16."
    )
    bitrate_kbps: Annotated[int, Number, Field(ge=6)] | None = Field(
        None, description="Bit rate of mp3, opus, m4a and the audiobook; default: a bit rate for speech."
    )
    loudness_lufs: Annotated[Annotated[float, Number, Field(ge=-40, le=-5)] | None, NoneIfOff] = Field(
        -19.0, description='Integrated loudness of the delivered files (EBU R128); "none" leaves it unchanged.'
    )
    true_peak_db: Annotated[float, Number, Field(ge=-20, le=0)] = Field(
        -1.0, description="True-peak limit of the loudness normalisation, in dBTP."
    )
    trim_silence: Annotated[float, Number, Field(ge=0, le=10)] | StrictBool = Field(
        True,
        description="Cut silent ends to 0.1 s before and 0.2 s after; a number: seconds to keep at each end; false: do "
        "not trim.",
    )
    fade_seconds: Annotated[Annotated[float, Number, Field(ge=0, le=10)], ZeroIfOff] = Field(
        0.005, description="Seconds of fade at both ends of each clip; 0: none."
    )
    join_sections: bool = Field(False, description="Join the clips of each section into one file, in manifest order.")
    fit: Literal["speed", "pad", "none"] = Field(
        "speed",
        description="Lines with start and end. speed: speak faster where a line needs more time than it has; pad: keep "
        "the speech rate; none: ignore the times.",
    )
    pause_seconds: Pause = Field(
        0.5, description="Seconds between the clips of a joined section; a row's pause_after_seconds wins."
    )
    subtitles: Literal["none", "srt", "vtt", "both"] = Field(
        "none", description="Subtitle files of the joined sections; without join_sections, of each line."
    )
    audiobook: bool = Field(False, description="Deliver one m4b with a chapter for each section.")
    title: Title | None = Field(
        None, description="Title of the audiobook, album of the other files; default: the batch."
    )
    author: Title | None = Field(None, description="Author of the audiobook, artist of the other files.")
    chapter_pause_seconds: Pause = Field(2.0, description="Seconds between the chapters of the audiobook.")
    section_titles: dict[Slug, Title] = Field({}, description="Titles by section; default: the section name.")

    @property
    def trim(self) -> TrimSettings:
        """How the silent ends of delivered clips are trimmed."""
        if self.trim_silence is True:
            return TrimSettings(fade=self.fade_seconds)
        margin = None if self.trim_silence is False else self.trim_silence
        return TrimSettings(margin, margin, self.fade_seconds)

    def read_options(self, without_alias: Mapping[str, str] | None = None) -> ReadOptions:
        """How the manifest is read. ``without_alias``: columns that no alias may provide, with the reason."""
        excluded = dict(without_alias or {})
        for column, value in (("voice", self.voice), ("language", self.language)):
            if value is not None:
                excluded[column] = f"the batch settings name the {column} {value!r}"
        if not (self.join_sections or self.audiobook):  # sections have no effect, and stay in the index as they are
            excluded["section"] = ""
        return ReadOptions(ColumnNames(self.columns.model_dump(exclude_none=True), excluded), self.txt_rows)

    @property
    def encoding(self) -> Encoding:
        """The encoding of delivered clips and joined sections."""
        # With a format that has none, the bit rate can only be that of the audiobook.
        bitrate = None if self.audiobook and FORMATS[self.format].bitrates is None else self.bitrate_kbps
        return Encoding(self.format, self._sample_rate, self.channels, self.bit_depth, bitrate, self.codec)

    @property
    def book_encoding(self) -> Encoding | None:
        """The encoding of the audiobook; None if the batch has none."""
        if not self.audiobook:
            return None
        return Encoding("m4b", self._sample_rate, self.channels, bitrate_kbps=self.bitrate_kbps)

    @property
    def _sample_rate(self) -> int:
        return self.sample_rate or default_sample_rate(self.format, self.codec)

    @model_validator(mode="after")
    def _check_encodings(self) -> BatchSettings:
        """Raises ``BadEncoding`` when the settings are read, not at delivery."""
        _ = self.encoding, self.book_encoding
        return self


def read_batch_settings(store: ObjectStore, batch: str) -> BatchSettings:
    """The settings of a batch; the defaults if it has no settings file.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BadSetting: the file is not valid TOML, or a key is unknown or its value invalid.
    """
    key = layout.manifest_object(batch, "toml")
    if store.stat(key) is None:
        return BatchSettings()
    return parse_settings(BatchSettings, store.read(key, MAX_TOML_BYTES + 1), store.location(key))
