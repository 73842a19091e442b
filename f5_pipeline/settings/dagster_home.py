"""The default place of Dagster's records. Reads one file, writes nothing, and does not import Dagster.

``DAGSTER_HOME`` wins. Without it, a ``dagster.yaml`` in the working folder decides if it names a storage folder, as
this project's own does. Else it is a folder of the user's.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from platformdirs import user_state_path


def configured_storage(folder: Path) -> str:
    """The storage folder that ``dagster.yaml`` in ``folder`` names, as it is written there; "" if there is none."""
    try:
        config = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8"))
        return str(config["storage"]["sqlite"]["base_dir"])
    except (OSError, KeyError, TypeError, UnicodeDecodeError, yaml.YAMLError):
        return ""


def user_home() -> Path:
    """The user's own home for Dagster."""
    return user_state_path("f5-pipeline") / "dagster"
