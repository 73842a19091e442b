"""Where Dagster's records are kept when nobody said where. Asks and makes nothing, and knows no Dagster.

``DAGSTER_HOME`` wins. Else a ``dagster.yaml`` in the working folder that says where its storage is (this project's own
does). Else a folder of the user's.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from platformdirs import user_state_path


def configured_here(folder: Path) -> str:
    """The storage folder that ``dagster.yaml`` in ``folder`` names, as it is written there; "" if there is none."""
    try:
        config = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8"))
        return str(config["storage"]["sqlite"]["base_dir"])
    except (OSError, KeyError, TypeError, UnicodeDecodeError, yaml.YAMLError):
        return ""


def users_home() -> Path:
    """The user's own home for Dagster."""
    return user_state_path("f5-pipeline") / "dagster"
