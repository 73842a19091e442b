"""Every environment variable this product reads, once. A ``.env`` file in the working folder is read too.

AWS's own variables (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, …) are boto3's business; loading ``.env`` puts
them where boto3 looks.
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


class Settings(BaseSettings):
    """The settings of one process. Field ``store`` is the variable ``F5_STORE``, and so on."""

    model_config = SettingsConfigDict(env_prefix="F5_", frozen=True, extra="ignore", env_ignore_empty=True)

    store: str = Field("store", description="The store: a folder, or s3://bucket/prefix.")
    cache: Path = Field(
        default_factory=lambda: user_cache_path("f5-pipeline"),
        description="This machine's wheels, weights and voices; may be deleted at any time. Default: the user's cache "
        "folder.",
    )
    model: str = Field("demo", description="A name in the model catalogue.")
    models: Path | None = Field(None, description="A TOML file that adds models to the catalogue.")
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="auto (a GPU if torch sees one), cpu, cuda, or cuda:1 for the second GPU.",
    )
    attention: Literal["auto", "flash_attn", "torch"] = Field(
        "auto", description="auto: flash_attn where it can be had and proven, else torch's own. The others are demands."
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="The number format of the model; auto: the fastest that the device multiplies itself."
    )
    batch_seconds: float | None = Field(
        None,
        gt=0,
        description="Audio seconds (reference + generated) that a GPU works on at once. Default: by its free memory.",
    )
    wheels: str | None = Field(
        None, description="Where flash_attn wheels come from: a URL or folder. Default: upstream's releases."
    )
    flash_attn: str | None = Field(
        None, description="An exact flash_attn wheel: its name, URL or path, with #sha256=… to pin its content."
    )
    recogniser: Literal["auto", "none", "pocketsphinx", "faster_whisper"] = Field(
        "auto",
        description="Who checks the words of clips; auto: faster_whisper if it and its model are here, else none.",
    )
    whisper: str = Field(
        "small", description="The Whisper model of faster_whisper: a folder, a repository of the hub, or a size."
    )
    commercial: bool = Field(False, description="Refuse models whose licence forbids commercial use.")
    automation: Literal["off", "on"] = Field(
        "off", description="Whether sensors and the nightly schedule start switched on; each has its switch in the UI."
    )
    nightly_cron: str = Field(
        "0 2 * * *", pattern=r"^\S+( \S+){4}$", description="When the nightly schedule looks for batches: cron, in UTC."
    )
    nightly_batches: int = Field(50, ge=1, description="How many batches the nightly schedule starts at most.")
    store_pages: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Where browsers find the store's files (a web server on the folder, a public bucket): for links.",
    )
    ray_address: str | None = Field(
        None, description="A Ray cluster to speak on: host:6379, ray://host:10001, or 'local', which starts one here."
    )
    ray_workers: int | None = Field(
        None,
        ge=1,
        description="How many Ray workers speak at once at most. Default: as many as the cluster has room for.",
    )
    ray_workers_least: int = Field(
        1, ge=1, description="How many Ray workers are started and kept, however little there is to say."
    )
    ray_gpus_per_worker: float | None = Field(
        None,
        ge=0,
        description="GPUs of each Ray worker: 1, or 0.5 for two on a GPU. Default: 1 if the cluster has any.",
    )
    ray_cpus_per_worker: float = Field(
        2, gt=0, description="CPU cores of each Ray worker, and threads where it has no GPU."
    )

    @field_validator("nightly_cron")
    @classmethod
    def _comes_about(cls, value: str) -> str:
        """Dagster would refuse to load what has a wrong one, and would not say which variable that is."""
        try:
            return check_cron(value)
        except ValueError as error:
            raise PydanticCustomError("cron", "is no time in cron's form: {why}", {"why": str(error)}) from None


def load_settings() -> Settings:
    """Read the environment and ``.env`` (the environment wins).

    Raises:
        BadSetting: a variable has an impossible value, or looks like a misspelt one; names the variable. Or ``.env``
            cannot be read.
    """
    _load_env_file()
    _refuse_misspelt()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = "F5_" + str(first["loc"][0]).upper()
        raise BadSetting("Environment", variable, f"{first['msg']} (it is {first['input']!r}).") from None


def _load_env_file() -> None:
    """The ``.env`` of the working folder, or the nearest above it; with a byte order mark, too, as editors leave it."""
    path = find_dotenv(usecwd=True)
    try:
        load_dotenv(path, override=False, encoding="utf-8-sig")
    except OSError as error:
        raise BadSetting(path, "", f"the file cannot be read: {error.strerror}.") from None
    except ValueError:  # its bytes, or a NUL in a value
        raise BadSetting(path, "", "the file is not text in UTF-8; save it as UTF-8.") from None


def _refuse_misspelt() -> None:
    """Refuse a variable that is nearly one of ours: it would be ignored in silence. Others may be somebody else's."""
    known = [f"F5_{name.upper()}" for name in Settings.model_fields]
    for variable in os.environ:
        if variable.startswith("F5_") and variable not in known:
            meant = get_close_matches(variable, known, n=1, cutoff=0.85)
            if meant:
                raise BadSetting("Environment", variable, f"is unknown; did you mean {meant[0]}?", known)
