"""Parses and validates one entry of the model catalogue. Error messages name the key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from f5_pipeline.display.secrets import learn_address, public_address
from f5_pipeline.errors import BadSetting
from f5_pipeline.models.source import file_name, parse_source
from f5_pipeline.models.spec import FILES, ModelSpec, Sampling, Solver, SourceFile
from f5_pipeline.settings.fields import SHA256
from f5_pipeline.settings.validation import bad_setting
from f5_pipeline.storage.object_store import is_slug
from f5_pipeline.storage.web_route import names_private_host

#: Licences that allow commercial use. For a licence that is neither listed nor NC, the entry must set ``commercial``.
_COMMERCIAL = {"MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0"}
_TORCH_SUFFIXES, _SAFE_SUFFIX = (".pt", ".pth"), ".safetensors"
#: Arguments of upstream's backbones that are not part of the architecture: the engine sets them on each machine.
_ENGINE_SETS = {
    "attn_backend",
    "attn_mask_enabled",
    "checkpoint_activations",
    "dropout",
    "mel_dim",
    "text_num_embeds",
}

# Upper bounds: far above any real model, low enough that ``expected_shapes`` stays fast.
_Layers = Annotated[int, Field(ge=0, le=1000)]
_Width = Annotated[int, Field(ge=1, le=100_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _File(_Strict):
    source: str
    sha256: Annotated[str | None, Field(pattern=SHA256)] = None
    size: PositiveInt | None = None

    @model_validator(mode="after")
    def _plain_http_needs_a_hash(self) -> _File:
        if self.source.startswith("http://") and self.sha256 is None and not _is_own_server(self.source):
            raise ValueError("a plain http:// source can be altered in transit; give its sha256 too, or use https://")
        return self


def _is_own_server(url: str) -> bool:
    """True if the URL names a server in a private network; an invalid URL is reported when it is parsed."""
    try:
        return names_private_host(url)
    except ValueError:
        return True


class _Sampling(_Strict):
    nfe_step: Annotated[int, Field(ge=1, le=1000)] = 32
    cfg_strength: Annotated[float, Field(ge=0, le=100)] = 2.0
    sway_sampling_coef: Annotated[float | None, Field(ge=-1, le=2)] = -1.0
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    cross_fade_duration: Annotated[float, Field(ge=0, le=2)] = 0.15
    solver: Solver = "euler"


class Backbone(_Strict):
    """The arguments of ``f5_tts.model.DiT`` that determine its weights' shapes, with upstream's defaults."""

    dim: _Width
    depth: _Layers = 8
    heads: _Width = 8
    dim_head: _Width = 64
    ff_mult: Annotated[float, Field(gt=0, le=1000)] = 4
    text_dim: _Width | None = None
    text_mask_padding: bool = True
    text_embedding_average_upsampling: bool = False
    qk_norm: Literal["rms_norm"] | None = None
    conv_layers: _Layers = 0
    pe_attn_head: _Width | None = None
    long_skip_connection: bool = False

    @model_validator(mode="before")
    @classmethod
    def _no_engine_arguments(cls, data: Any) -> Any:
        for key in sorted(_ENGINE_SETS.intersection(data if isinstance(data, dict) else ())):
            raise ValueError(f"{key} is set by the engine; leave it out")
        return data

    @model_validator(mode="after")
    def _possible(self) -> Backbone:
        if self.dim % 16:
            raise ValueError("dim must be a multiple of 16 (the position embedding convolves in 16 groups)")
        if self.dim_head % 2:
            raise ValueError("dim_head must be even (rotary embedding rotates pairs of channels)")
        if self.pe_attn_head is not None and self.pe_attn_head > self.heads:
            raise ValueError("pe_attn_head cannot exceed heads")
        if self.text_embedding_average_upsampling and not self.text_mask_padding:
            raise ValueError("text_embedding_average_upsampling needs text_mask_padding = true")
        return self


_Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]
_FileEntry = Annotated[_File, BeforeValidator(lambda value: {"source": value} if isinstance(value, str) else value)]


class _Entry(_Strict):
    base: str | None = None
    description: str = ""
    backbone: Literal["DiT"]  # the only one that the engine supports; E2 TTS's flat U-Net is not
    arch: dict[str, Any]
    tokenizer: Literal["pinyin", "characters"]
    checkpoint: _FileEntry
    vocabulary: _FileEntry
    vocoder_config: _FileEntry
    vocoder_weights: _FileEntry
    languages: Annotated[tuple[_Language, ...], Field(min_length=1)]
    licence: Annotated[str, Field(min_length=1)]
    commercial: bool | None = None
    max_seconds: Annotated[float, Field(gt=0, le=87)] = 30.0  # upstream's position table ends at 87 s
    max_ref_seconds: PositiveFloat = 12.0
    ref_silence_seconds: Annotated[float, Field(ge=0, le=10)] = 1.0
    lower_case: bool = False
    spacing: _FileEntry | None = None
    default_sampling: _Sampling = Field(default_factory=_Sampling)

    @model_validator(mode="after")
    def _possible(self) -> _Entry:
        if self.max_ref_seconds >= self.max_seconds:
            raise ValueError("max_ref_seconds must be less than max_seconds")
        if self.commercial and "-NC" in self.licence.upper():
            raise ValueError(f"commercial cannot be true under the licence {self.licence}")
        if self.commercial is None and self.licence not in _COMMERCIAL and "-NC" not in self.licence.upper():
            raise ValueError(f"commercial must be given: it is not known here if {self.licence} allows commercial use")
        if self.spacing and (self.tokenizer != "characters" or not self.arch.get("text_embedding_average_upsampling")):
            raise ValueError(
                'spacing is for models with tokenizer = "characters" and text_embedding_average_upsampling = true'
            )
        if not file_name(self.checkpoint.source).endswith((_SAFE_SUFFIX, *_TORCH_SUFFIXES)):
            raise ValueError("checkpoint must be a .safetensors, .pt or .pth file")
        return self


def build_spec(name: str, entries: Mapping[str, Any], where: str, folder: Path) -> ModelSpec:
    """Validate the entry ``name`` of ``entries``, after merging it over its ``base``.

    Args:
        name: the model's name.
        entries: all entries of the catalogue, by name.
        where: the catalogue file, for messages.
        folder: the folder that relative local paths start from.

    Raises:
        BadSetting: a key is unknown or missing, or its value is invalid.
    """
    if not is_slug(name):
        raise BadSetting(where, ascii(name)[1:81], "is not a valid model name: use letters, digits, '.', '_' and '-'.")
    merged = _merge_base(name, entries, where)
    try:
        entry = _Entry.model_validate(merged)
    except ValidationError as error:
        raise bad_setting(error, _Entry, where, lambda key: f"{name}.{key}".rstrip(".")) from None
    return ModelSpec(
        name=name,
        description=entry.description,
        backbone=entry.backbone,
        arch=_build_arch(name, entry, where),
        tokenizer=entry.tokenizer,
        languages=entry.languages,
        licence=entry.licence,
        commercial=entry.licence in _COMMERCIAL if entry.commercial is None else entry.commercial,
        max_seconds=entry.max_seconds,
        max_ref_seconds=entry.max_ref_seconds,
        ref_silence_seconds=entry.ref_silence_seconds,
        lower_case=entry.lower_case,
        default_sampling=Sampling(**entry.default_sampling.model_dump()),
        **{
            key: _build_file(name, key, file, where, folder)
            for key in FILES
            if (file := getattr(entry, key)) is not None
        },
    )


def _merge_base(name: str, entries: Mapping[str, Any], where: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """The entry merged over its ``base``, recursively. ``above``: the entries that were followed to this one."""
    entry = entries[name]
    if not isinstance(entry, dict):
        raise BadSetting(where, name, "must be a table, [NAME], with the keys of a model.", list(_Entry.model_fields))
    base = entry.get("base")
    if base is None:
        return entry
    known = isinstance(base, str) and base in entries
    if not known or base in (*above, name):
        reason = "refers back to itself." if known else f"names {base!r}, which is not in the catalogue."
        raise BadSetting(where, f"{name}.base", reason)
    inherited = _merge_base(base, entries, where, (*above, name))
    merged = {**inherited, **entry}
    if "checkpoint" in entry and "spacing" not in entry:
        merged.pop("spacing", None)  # the table belongs to the weights that were trained with it
    samplings = [each["default_sampling"] for each in (inherited, entry) if "default_sampling" in each]
    if all(isinstance(each, dict) for each in samplings):
        merged["default_sampling"] = {key: value for each in samplings for key, value in each.items()}
    return merged


def _build_arch(name: str, entry: _Entry, where: str) -> dict[str, Any]:
    try:
        return Backbone.model_validate(entry.arch).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise bad_setting(error, Backbone, where, lambda key: f"{name}.arch.{key}".rstrip(".")) from None


def _build_file(name: str, key: str, file: _File, where: str, folder: Path) -> SourceFile:
    learn_address(file.source)
    try:
        source = parse_source(file.source, folder)
    except ValueError as error:
        raise BadSetting(where, f"{name}.{key}", f"{public_address(file.source)[:200]!r} {error}.") from None
    return SourceFile(source.path if source.kind == "local" else source.text, file.sha256, file.size)
