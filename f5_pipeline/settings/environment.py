"""Every environment variable this product reads, and the ``.env`` file of the working folder.

AWS's own variables (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, …) are boto3's; loading ``.env`` puts them where boto3
looks.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from dotenv import find_dotenv, load_dotenv
from platformdirs import user_cache_path
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from f5_pipeline.errors import BadSetting
from f5_pipeline.settings.cron import check_cron
from f5_pipeline.settings.fields import DEVICE, WEB_ADDRESS
from f5_pipeline.settings.validation import bad_setting

_WHERE = "Environment"


class Settings(BaseSettings):
    """The settings of one process. Field ``store`` is the variable ``F5_STORE``, and so on."""

    model_config = SettingsConfigDict(env_prefix="F5_", frozen=True, extra="ignore", env_ignore_empty=True)

    store: str = Field("store", description="The store: a folder, or s3://bucket/prefix.")
    cache: Path = Field(
        default_factory=lambda: user_cache_path("f5-pipeline"),
        description="This machine's cache of wheels, weights and voices. It may be deleted at any time. Default: the "
        "user's cache folder.",
    )
    model: str = Field("demo", description="A name in the model catalogue.")
    models: Path | None = Field(None, description="A TOML file that adds models to the catalogue.")
    device: str = Field(
        "auto",
        pattern=DEVICE,
        description="auto (a GPU if torch sees one), cpu, cuda, or cuda:1 for the second GPU.",
    )
    attention: Literal["auto", "flash_attn", "torch"] = Field(
        "auto",
        description="auto: flash_attn if it is available here and passes its proof, else torch's attention. flash_attn "
        "and torch allow no alternative.",
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="The number format of the model. auto: the fastest that the device computes natively."
    )
    batch_seconds: float | None = Field(
        None,
        gt=0,
        description="Seconds of audio (reference and generated) in one GPU batch. Default: by the GPU's free memory.",
    )
    wheels: str | None = Field(
        None, description="The source of flash_attn wheels: a URL or folder. Default: upstream's releases."
    )
    flash_attn: str | None = Field(
        None, description="An exact flash_attn wheel: its name, URL or path, with #sha256=… to pin its content."
    )
    recogniser: Literal["auto", "none", "pocketsphinx", "faster_whisper"] = Field(
        "auto",
        description="The recogniser that checks the words of each clip. auto: faster_whisper if it and its model are "
        "on this machine, else none.",
    )
    whisper: str = Field(
        "small", description="The Whisper model of faster_whisper: a folder, a repository of the hub, or a size."
    )
    commercial: bool = Field(False, description="Refuse models whose licence forbids commercial use.")
    automation: Literal["off", "on"] = Field(
        "off",
        description="The initial state of the sensors and the nightly schedule. Each has its own switch in the UI.",
    )
    nightly_cron: str = Field(
        "0 2 * * *", description="When the nightly schedule looks for batches: a cron expression, in UTC."
    )
    nightly_batches: int = Field(50, ge=1, description="The most batches that the nightly schedule starts in a night.")
    store_pages: str | None = Field(
        None,
        pattern=WEB_ADDRESS,
        description="The web address of the store's files, for links: a web server on the folder, or a public bucket.",
    )
    ray_address: str | None = Field(
        None, description="The Ray cluster that speaks: host:6379, ray://host:10001, or local to start one here."
    )
    ray_workers: int | None = Field(
        None,
        ge=1,
        description="The most Ray workers at once. Default: as many as the cluster has room for.",
    )
    ray_workers_least: int = Field(
        1, ge=1, description="The fewest Ray workers: this many are started and kept, however short the batch."
    )
    ray_gpus_per_worker: float | None = Field(
        None,
        ge=0,
        description="GPUs of each Ray worker: 1, or 0.5 for two on a GPU. Default: 1 if the cluster has any.",
    )
    ray_cpus_per_worker: float = Field(
        2, gt=0, description="CPU cores of each Ray worker; without a GPU also its threads."
    )

    @field_validator("nightly_cron")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        """Dagster would not load its definitions with a wrong one, and would not name the variable."""
        try:
            return check_cron(value)
        except ValueError as error:
            reason = "is not a valid cron expression: {reason}"
            raise PydanticCustomError("cron", reason, {"reason": str(error)}) from None


def load_settings() -> Settings:
    """Read the environment and ``.env``; the environment wins.

    Raises:
        BadSetting: a variable has an impossible value or looks like a misspelt one, which is named; or ``.env`` cannot
            be read.
    """
    _load_env_file()
    _refuse_misspelt()
    try:
        return Settings()
    except ValidationError as error:
        raise bad_setting(error, Settings, _WHERE, _variable) from None


def _variable(field: str) -> str:
    return f"F5_{field.upper()}"


def _load_env_file() -> None:
    """Load the ``.env`` of the working folder, or the nearest above it; a byte order mark is skipped."""
    path = find_dotenv(usecwd=True)
    try:
        load_dotenv(path, override=False, encoding="utf-8-sig")
    except OSError as error:
        raise BadSetting(path, "", f"the file cannot be read: {error.strerror}.") from None
    except ValueError:  # it is not UTF-8, or a value has a NUL
        raise BadSetting(path, "", "the file is not text in UTF-8; save it as UTF-8.") from None


def _refuse_misspelt() -> None:
    """Refuse a variable that is nearly one of ours, which would be ignored silently. Others may belong to others."""
    known = [_variable(name) for name in Settings.model_fields]
    for variable in os.environ:
        if variable.startswith("F5_") and variable not in known:
            meant = get_close_matches(variable, known, n=1, cutoff=0.85)
            if meant:
                raise BadSetting(_WHERE, variable, f"is unknown; did you mean {meant[0]}?", known)
