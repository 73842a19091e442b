"""Every environment variable this product reads, and the ``.env`` file of the working folder.

AWS's own variables (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, …) are boto3's; loading ``.env`` puts them where boto3
looks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from dotenv import find_dotenv, load_dotenv
from platformdirs import user_cache_path
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from f5_pipeline.errors import BadSetting
from f5_pipeline.settings.credentials import protect_secrets, refuse_credentials
from f5_pipeline.settings.cron import check_cron
from f5_pipeline.settings.devices import Device
from f5_pipeline.settings.fields import WEB_ADDRESS
from f5_pipeline.settings.validation import bad_setting, did_you_mean

_WHERE = "Environment"
_LIBRARY = "SpeechPipeline"  # where another project's definitions have settings


_RETRY_SECONDS: float = Field(
    120,
    ge=0,
    le=86_400,
    description="Seconds for which a request that fails for a transient reason (the bucket or a server is busy or "
    "cannot be reached) is repeated; always at least three attempts. At most a day.",
)


class Settings(BaseSettings):
    """The settings of one process. Field ``store`` is the variable ``F5_STORE``, and so on."""

    model_config = SettingsConfigDict(env_prefix="F5_", frozen=True, extra="ignore", env_ignore_empty=True)

    store: str = Field("store", description="The store: a folder, or s3://bucket/prefix.")
    s3_sse: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = Field(
        None,
        description="The server-side encryption that every write to a bucket asks for; some bucket policies demand it. "
        "Default: none is asked for, and the bucket's own setting applies.",
    )
    s3_sse_kms_key_id: str | None = Field(
        None, description="The KMS key for F5_S3_SSE=aws:kms or aws:kms:dsse: an ARN or id. Default: the account's own."
    )
    cache: Path = Field(
        default_factory=lambda: user_cache_path("f5-pipeline"),
        description="This machine's cache of wheels, weights and voices. It may be deleted at any time. Default: the "
        "user's cache folder.",
    )
    model: str = Field("demo", description="A name in the model catalogue.")
    models: Path | None = Field(None, description="A TOML file that adds models to the catalogue.")
    device: Device = Field(
        "auto",
        description="auto (the accelerator that torch sees, else the CPU), cpu, cuda (NVIDIA; AMD with a torch for "
        "ROCm), mps (a Mac), xpu (Intel), or another accelerator of torch; cuda:1 is the second GPU.",
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
    wheels: SecretStr | None = Field(  # with the next: the addresses that may have a password or token
        None,
        description="The source of flash_attn wheels: a URL, which may have a password or token, or a folder. Default: "
        "upstream's releases.",
    )
    flash_attn: SecretStr | None = Field(
        None,
        description="A version of flash_attn (2.8.3), or an exact wheel: its name, URL or path, with #sha256=… to pin "
        "its content.",
    )
    recogniser: Literal["auto", "none", "pocketsphinx", "faster_whisper"] = Field(
        "auto",
        description="The recogniser that checks the words of each clip. auto: faster_whisper if it and its model are "
        "on this machine, else none.",
    )
    whisper: str = Field(
        "small", description="The Whisper model of faster_whisper: a folder, a repository of the hub, or a size."
    )
    neural_measures: Literal["auto", "none"] = Field(
        "auto",
        description="Speaker similarity and MOS of each clip. auto: if the extra quality is installed; none: never.",
    )
    commercial: bool = Field(False, description="Refuse models whose licence forbids commercial use.")
    retry_seconds: float = _RETRY_SECONDS
    automation: Literal["off", "on"] = Field(
        "off",
        description="The initial state of the sensors and the nightly schedule. Each has its own switch in the UI.",
    )
    nightly_cron: str = Field(
        "0 2 * * *", description="When the nightly schedule looks for batches: a cron expression, in UTC."
    )
    nightly_batches: int = Field(50, ge=1, description="The most batches that the nightly schedule starts in a night.")
    batches_per_run: int = Field(
        20,
        ge=1,
        le=100,
        description="The most batches of one run, which loads the model once for all of them: of the runs that the "
        "sensor, the schedule and backfills start. 1: a run for each batch.",
    )
    clean_days: float = Field(
        30, ge=0, description="clean removes only clips that are at least this many days old and that no batch names."
    )
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

    @field_validator("s3_sse_kms_key_id")
    @classmethod
    def _key_has_a_use(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and not str(info.data.get("s3_sse")).startswith("aws:kms"):
            raise PydanticCustomError("sse", "needs F5_S3_SSE=aws:kms or aws:kms:dsse")
        return value

    @field_validator("nightly_cron")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        """Dagster would not load its definitions with a wrong one, and would not name the variable."""
        try:
            return check_cron(value)
        except ValueError as error:
            reason = "is not a valid cron expression: {reason}"
            raise PydanticCustomError("cron", reason, {"reason": str(error)}) from None


class _RetrySettings(BaseSettings):
    """The setting that is also read where it is needed, by ``retry_seconds``."""

    model_config = Settings.model_config

    retry_seconds: float = _RETRY_SECONDS


def load_settings(values: Mapping[str, Any] | None = None) -> Settings:
    """Read the environment and ``.env``; the environment wins.

    From now on, this process shows and logs none of their secrets.

    Args:
        values: fields of ``Settings`` that replace the environment, from the definitions of a project.

    Raises:
        BadSetting: a variable has an impossible value, credentials that belong elsewhere, or a name that looks like a
            misspelt one; or ``.env`` cannot be read.
    """
    _load_env_file()
    protect_secrets(os.environ)
    _refuse_misspelt()
    refuse_credentials(os.environ, _WHERE)
    values = dict(values or {})
    if unknown := sorted(values.keys() - Settings.model_fields.keys()):
        known = list(Settings.model_fields)
        raise BadSetting(_LIBRARY, unknown[0], f"is not a setting.{did_you_mean(unknown[0], known)}", known)
    try:
        return Settings(**values)
    except ValidationError as error:
        if error.errors()[0]["loc"][:1] and error.errors()[0]["loc"][0] in values:
            raise bad_setting(error, Settings, _LIBRARY) from None
        raise bad_setting(error, Settings, _WHERE, _variable) from None


def retry_seconds() -> float:
    """The setting ``retry_seconds``, for code that gets no settings: it is the same for every request of a process.

    ``load_settings`` has put the value of ``.env`` into the environment, and has refused an impossible one; a process
    that never calls it has the default instead.
    """
    try:
        return _RetrySettings().retry_seconds
    except ValidationError:
        return float(_RetrySettings.model_fields["retry_seconds"].default)


def address_of(setting: SecretStr | None) -> str | None:
    """The address of a setting that may have a password. For use, not for messages."""
    return None if setting is None else setting.get_secret_value()


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
    unknown = [variable for variable in os.environ if variable.startswith("F5_") and variable not in known]
    meant = {variable: close[0] for variable in unknown if (close := get_close_matches(variable, known, 1, 0.85))}
    if meant:
        first, *others = meant
        too = (f" Setting {other!r} is unknown; did you mean {meant[other]}?" for other in others)
        raise BadSetting(_WHERE, first, f"is unknown; did you mean {meant[first]}?{''.join(too)}", known)
