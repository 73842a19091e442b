"""The model catalogue: each model's files, architecture, languages and licence.

The entries are data (``catalogue.toml`` and the user's own file). ``entry`` parses and validates them; ``weights``
fetches and verifies the files.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from f5_pipeline.errors import BadSetting, UnknownModel
from f5_pipeline.models.entry import build_spec
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.settings.environment import Settings
from f5_pipeline.settings.toml import MAX_TOML_BYTES, parse_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def load_catalogue(settings: Settings) -> dict[str, ModelSpec]:
    """All models by name: the shipped ones and those in the file that ``F5_MODELS`` names.

    Raises:
        BadSetting: the file cannot be read, or an entry has an unknown key or an invalid value or combination of
            values; the message names the key.
    """
    shipped = tomllib.loads(files("f5_pipeline.models").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    entries, origins = dict(shipped), dict.fromkeys(shipped, ("catalogue.toml", Path.cwd()))
    if settings.models is not None:
        where, added = str(settings.models), _read_toml(settings.models)
        for name in added:
            if name in shipped:
                raise BadSetting(where, name, "is the name of a shipped model; give yours another name.")
        entries |= added
        origins |= dict.fromkeys(added, (where, settings.models.absolute().parent))
    return {name: build_spec(name, entries, *origins[name]) for name in entries}


def model_named(settings: Settings, name: str | None = None) -> ModelSpec:
    """The model called ``name``; by default the one that ``F5_MODEL`` names.

    Raises:
        UnknownModel: the catalogue has no such model; the message lists the models it has.
    """
    catalogue = load_catalogue(settings)
    if (spec := catalogue.get(name or settings.model)) is None:
        raise UnknownModel(name or settings.model, sorted(catalogue))
    return spec


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TOML_BYTES + 1)
    except OSError as error:
        raise BadSetting("Environment", "F5_MODELS", f"the file {path} cannot be read: {error.strerror}.") from None
    return parse_toml(data, str(path))
