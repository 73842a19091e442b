"""Settings that live beside the data: ``manifests/BATCH.toml`` and ``voices/NAME.toml``.

Every key, its range and its default are here, and so are the ranges of a manifest's columns, which are the same.
Which value wins (row, batch, voice, model) is decided in ``resolve``; environment variables are in ``settings``.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError, model_validator

from f5_pipeline.audio.formats import Encoding
from f5_pipeline.errors import BadEncoding, BadSetting
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.results.batches import MANIFESTS
from f5_pipeline.settings.numbers import Number
from f5_pipeline.storage.object_store import ObjectStore, check_slug

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_SEED = 2**63 - 1


def _off(value: Any) -> Any:
    """TOML has no null: ``"none"`` and ``false`` switch a number off."""
    return None if value is False or value == "none" else value


def _zero(value: Any) -> Any:
    """As ``_off`` where zero means off and None means "the model's own"."""
    return 0.0 if value is False or value == "none" else value


def _channels(value: Any) -> Any:
    return {"mono": 1, "stereo": 2}.get(value, value) if isinstance(value, str) else value


Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$")]
NfeStep = Annotated[int, Number, Field(ge=1, le=128)]
CfgStrength = Annotated[float, Number, Field(ge=0, le=10, allow_inf_nan=False)]
Speed = Annotated[float, Number, Field(ge=0.3, le=3.0, allow_inf_nan=False)]
Seed = Annotated[int, Number, Field(ge=0, le=MAX_SEED)]
Title = Annotated[str, Field(min_length=1, max_length=250)]
Pause = Annotated[float, Number, Field(ge=0, le=60, allow_inf_nan=False)]


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
    sway_sampling_coef: Annotated[Annotated[float, Number, Field(ge=-1, le=1)] | None, BeforeValidator(_zero)] = Field(
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
    channels: Annotated[Literal[1, 2], BeforeValidator(_channels)] = Field(
        1, description="1 or 2 (or mono, stereo); stereo has the voice on both."
    )
    bit_depth: Literal[16, 24, 32] | None = Field(
        None, description="Of wav (16, 24, 32: floating point) and flac (16, 24); default: 16."
    )
    bitrate_kbps: Annotated[int, Number, Field(ge=6)] | None = Field(
        None, description="Of mp3, opus, m4a and the audiobook; default: what suits speech."
    )
    loudness_lufs: Annotated[Annotated[float, Number, Field(ge=-40, le=-5)] | None, BeforeValidator(_off)] = Field(
        -19.0, description='Integrated loudness of the delivered files (EBU R128); "none" leaves it alone.'
    )
    true_peak_db: Annotated[float, Number, Field(ge=-20, le=0)] = Field(
        -1.0, description="dBTP, the highest peak that the loudness step may leave."
    )
    trim_silence: Annotated[float, Number, Field(ge=0, le=10)] | StrictBool = Field(
        True, description="Cut silent ends; a number: the seconds of silence to keep at each; false: leave them."
    )
    fade_seconds: Annotated[Annotated[float, Number, Field(ge=0, le=10)], BeforeValidator(_zero)] = Field(
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


class VoiceSettings(BaseModel):
    """``voices/NAME.toml``: what a voice brings along."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language | None = Field(None, description="The language the voice speaks.")
    speed: Speed | None = Field(None, description="Speech rate of this voice; 1.0 is that of its reference.")
    model: str | None = Field(None, description="The catalogue's model that suits this voice.")


SettingsFile = TypeVar("SettingsFile", BatchSettings, VoiceSettings)


def parse_settings(kind: type[SettingsFile], data: bytes, where: str) -> SettingsFile:
    """Read a settings file. ``where`` names it in messages.

    Raises:
        BadSetting: it is not TOML in UTF-8, or a key is unknown or has an impossible value.
    """
    known = list(kind.model_fields)
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadSetting(where, "", f"the file is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadSetting(where, "", f"the file is not TOML: {error}.") from None
    try:
        return kind.model_validate(values)
    except BadEncoding as error:
        raise BadSetting(where, "format", f"{error.culprit} {error.reason} {error.fix}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if key == "quality" and len(first["loc"]) > 1:
            key, known = str(first["loc"][1]), list(Thresholds.model_fields)
            where = f"{where}, table [quality]"
        raise BadSetting(where, key[:80], _reason(key, first, known), known if _unknown(first) else ()) from None


def read_batch_settings(store: ObjectStore, batch: str) -> BatchSettings:
    """The settings of a batch; the defaults if it has no settings file.

    Raises:
        UnsafeName: ``batch`` is not a slug.
        BadSetting: the file is not readable, or a key is unknown or has an impossible value.
    """
    key = f"{MANIFESTS}{check_slug('batch', batch)}.toml"
    if store.stat(key) is None:
        return BatchSettings()
    return parse_settings(BatchSettings, store.read(key), store.location(key))


def did_you_mean(word: str, known: list[str]) -> str:
    """ " Did you mean 'x'?" when a known word is close, else nothing."""
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.7)
    return f" Did you mean {close[0]!r}?" if close else ""


def _unknown(error: Any) -> bool:
    return error["type"] == "extra_forbidden"


def _reason(key: str, error: Any, known: list[str]) -> str:
    if _unknown(error):
        return "is not a setting." + did_you_mean(key, known)
    hint = _HINTS.get((key, str(error["input"])), "")
    return f"{describe(error)} (it is {str(error['input'])[:80]!r}).{hint}"


def describe(error: Any) -> str:
    """One pydantic error in our words: "must be at most 128"."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "greater_than_equal":
        return f"must be at least {_plain(context['ge'])}"
    if kind == "less_than_equal":
        return f"must be at most {_plain(context['le'])}"
    if kind.startswith("int_"):
        return "must be a whole number"
    if kind.startswith(("float_", "finite_number", "value_error")):
        return "must be a number"
    if kind == "model_type":
        return f"must be a table: [{error['loc'][0]}]"
    if kind == "literal_error":
        return f"must be one of {context['expected']}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(error["loc"][0]), "is not a safe name")
    if kind == "string_too_short":
        return "must not be empty"
    return "must be " + {"string_type": "text", "bool_type": "true or false", "bool_parsing": "true or false"}.get(
        kind, f"something else: {error['msg']}"
    )


_HINTS = {("format", "m4b"): " For an audiobook with chapters, set audiobook = true."}
_PATTERNS = {"language": "must be a language code such as 'en' or 'pt-BR'"}


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)
