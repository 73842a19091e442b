"""The model catalogue: what each model is made of, where its files are, what it can say, and its licence.

The entries are data (``catalogue.toml``, and the user's own file); how an entry is read and what is refused in
it is in ``entry``; fetching and proving the files is in ``weights``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from f5_pipeline.errors import BadSetting, UnknownModel
from f5_pipeline.manifests.utterance import Sampling
from f5_pipeline.settings.environment import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


#: What files a model may have, by their names in the catalogue; all but the last it must have.
FILES = ("checkpoint", "vocabulary", "vocoder_config", "vocoder_weights", "spacing")


@dataclass(frozen=True)
class SourceFile:
    """One file of a model: where it comes from and what it must hash to."""

    source: str  # "package:…" (shipped), "hf://repo@revision/path", "s3://…", "https://…", or a local path
    sha256: str | None = None  # None: recorded at the first fetch and held to from then on
    size: int | None = None  # bytes


@dataclass(frozen=True)
class ModelSpec:
    """One entry of the catalogue."""

    name: str
    description: str
    backbone: str  # "DiT"
    arch: Mapping[str, Any]  # keyword arguments of f5_tts's backbone class
    tokenizer: str  # "pinyin" | "characters"
    checkpoint: SourceFile
    vocabulary: SourceFile
    vocoder_config: SourceFile
    vocoder_weights: SourceFile
    languages: tuple[str, ...]
    licence: str  # SPDX
    commercial: bool  # whether the licence allows commercial use
    max_seconds: float = 30.0  # reference + generated audio the model was trained for
    max_ref_seconds: float = 12.0
    ref_silence_seconds: float = 1.0  # of silence after the reference's speech, as upstream advises
    lower_case: bool = False
    spacing: SourceFile | None = None  # how long words take, of a model that wants room for them (``text.spacing``)
    default_sampling: Sampling = field(default_factory=lambda: Sampling(32, 2.0, -1.0, 1.0, 0.15))

    @property
    def files(self) -> Mapping[str, SourceFile]:
        """The files that it has, four or five, by their names in the catalogue."""
        return {name: file for name in FILES if (file := getattr(self, name)) is not None}


def load_catalogue(settings: Settings) -> dict[str, ModelSpec]:
    """Every model by name: the shipped ones, and those of the file that ``F5_MODELS`` names.

    Raises:
        BadSetting: that file cannot be read, or an entry has an unknown key or an impossible value or
            combination of values; names the key.
    """
    from f5_pipeline.models.entry import build_spec

    shipped = tomllib.loads(files("f5_pipeline.models").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    entries, homes = dict(shipped), dict.fromkeys(shipped, ("catalogue.toml", Path.cwd()))
    if settings.models is not None:
        where, added = str(settings.models), _read_toml(settings.models)
        for name in added:
            if name in shipped:
                raise BadSetting(where, name, "is the name of a shipped model; give yours another name.")
        entries |= added
        homes |= dict.fromkeys(added, (where, settings.models.absolute().parent))
    return {name: build_spec(name, entries, *homes[name]) for name in entries}


def model_named(settings: Settings, name: str | None = None) -> ModelSpec:
    """One model of the catalogue: ``name``, or the one that ``F5_MODEL`` names.

    Raises:
        UnknownModel: it is not there; names those that are.
    """
    catalogue = load_catalogue(settings)
    if (spec := catalogue.get(name or settings.model)) is None:
        raise UnknownModel(name or settings.model, sorted(catalogue))
    return spec


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting("Environment", "F5_MODELS", f"the file {path} cannot be read: {error}.") from None
