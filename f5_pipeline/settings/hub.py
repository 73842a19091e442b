"""The settings of the Hugging Face hub, from the environment variables of its own library and its files.

They are read here, because the library reads them only when it is imported, and its releases differ.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from f5_pipeline.display.secrets import learn_secrets
from f5_pipeline.errors import BadSetting

_ENDPOINT = "https://huggingface.co"
_TRUE = {"1", "ON", "YES", "TRUE"}


@dataclass(frozen=True)
class HubSettings:
    """How this process reaches the hub."""

    endpoint: str  # without a slash at the end
    token: str | None = field(repr=False)
    offline: bool
    cache: Path  # of the user, shared with other programs; need not exist


def hub_settings(variables: Mapping[str, str] | None = None) -> HubSettings:
    """Read the settings. From now on, the token is not shown.

    Args:
        variables: default: those of this process.

    Raises:
        BadSetting: ``HF_ENDPOINT`` is not a web address.
    """
    given = {name: value.strip() for name, value in (os.environ if variables is None else variables).items()}
    home = _path(given.get("HF_HOME")) or _path(given.get("XDG_CACHE_HOME"), "huggingface") or _default_home()
    cache = _path(given.get("HF_HUB_CACHE")) or _path(given.get("HUGGINGFACE_HUB_CACHE")) or home / "hub"
    token = _token(given, _path(given.get("HF_TOKEN_PATH")) or home / "token")
    learn_secrets({"HF_TOKEN": token or ""})
    offline = given.get("HF_HUB_OFFLINE") or given.get("TRANSFORMERS_OFFLINE") or ""
    return HubSettings(_endpoint(given), token, offline.upper() in _TRUE, cache)


def _endpoint(given: Mapping[str, str]) -> str:
    endpoint = (given.get("HF_ENDPOINT") or _ENDPOINT).rstrip("/")
    with suppress(ValueError):
        parts = urlsplit(endpoint)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return endpoint
    raise BadSetting("Environment", "HF_ENDPOINT", f"{endpoint} is not a web address, such as {_ENDPOINT}.")


def _token(given: Mapping[str, str], file: Path) -> str | None:
    """The token of the environment, else that of ``hf auth login``; None if there is none, or it must not be sent."""
    token = given.get("HF_TOKEN") or given.get("HUGGING_FACE_HUB_TOKEN")
    if not token and given.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() not in _TRUE:
        with suppress(OSError, UnicodeDecodeError):
            token = file.read_text(encoding="utf-8")
    return "".join((token or "").split()) or None


def _path(text: str | None, *parts: str) -> Path | None:
    return Path(os.path.expandvars(text)).expanduser().joinpath(*parts) if text else None


def _default_home() -> Path:
    return Path("~/.cache/huggingface").expanduser()
