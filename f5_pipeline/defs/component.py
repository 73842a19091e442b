"""``type: f5_pipeline.SpeechPipeline`` in a ``defs.yaml``: the pipeline as a Dagster component."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import dagster as dg

from f5_pipeline.defs.code_location import speech_definitions
from f5_pipeline.settings.environment import Settings

_OPTIONS = ("key_prefix", "group_name", "manifests_from", "manifests_input", "batch_settings")


def _setting(name: str) -> dg.Resolver:
    """An attribute that replaces a variable of the environment, with the description of that variable."""
    return dg.Resolver.default(description=_description(name))


def _description(setting: str) -> str:
    return f"{Settings.model_fields[setting].description} Default: F5_{setting.upper()}."


# The class has a method ``model``, so its attribute has another name than the YAML.
_MODEL = dg.Resolver(lambda context, value: value, model_field_name="model", description=_description("model"))


@dataclass
class SpeechPipeline(dg.Component, dg.Resolvable):
    """Batch text-to-speech with F5-TTS: manifests or an upstream table in, audio files out.

    Every attribute is optional. Without any, it is the pipeline of the environment (F5_STORE, F5_MODEL, …).
    """

    key_prefix: Annotated[
        str | Sequence[str],
        dg.Resolver.default(
            description="Begins the keys of all assets, and the names of jobs, sensors, schedules and partitions.",
            examples=["speech", ["audio", "speech"]],
        ),
    ] = ()
    group_name: Annotated[
        str | None,
        dg.Resolver.default(description="The group of all assets. Default: setup, speech and delivery."),
    ] = None
    manifests_from: Annotated[
        str | None,
        dg.Resolver.default(
            description="The key of the upstream asset that has the lines to speak: a table (data frame, list of "
            "dicts) or the path of a manifest. Each of its partitions, or each value of a column batch, is a batch.",
            examples=["scripts/lines"],
        ),
    ] = None
    manifests_input: Annotated[
        Literal["value", "path", "store"],
        dg.Resolver.default(
            description="value: the upstream asset's value, loaded by its IO manager. path: the file that the metadata "
            "path or dagster/uri of its materialization names. store: it writes into manifests/ of the store itself.",
        ),
    ] = "value"
    batch_settings: Annotated[
        Mapping[str, Any] | None,
        dg.Resolver.default(
            description="Settings of the batches from manifests_from, as in manifests/BATCH.toml.",
            examples=[{"voice": "anna", "format": "mp3"}],
        ),
    ] = None
    store: Annotated[str | None, _setting("store")] = None
    cache: Annotated[str | None, _setting("cache")] = None
    speech_model: Annotated[str | None, _MODEL] = None
    models: Annotated[str | None, _setting("models")] = None
    device: Annotated[str | None, _setting("device")] = None
    attention: Annotated[Literal["auto", "flash_attn", "torch"] | None, _setting("attention")] = None
    precision: Annotated[Literal["auto", "float32", "bfloat16", "float16"] | None, _setting("precision")] = None
    batch_seconds: Annotated[float | None, _setting("batch_seconds")] = None
    recogniser: Annotated[Literal["auto", "none", "pocketsphinx", "faster_whisper"] | None, _setting("recogniser")] = (
        None
    )
    whisper: Annotated[str | None, _setting("whisper")] = None
    neural_measures: Annotated[Literal["auto", "none"] | None, _setting("neural_measures")] = None
    commercial: Annotated[bool | None, _setting("commercial")] = None
    automation: Annotated[Literal["off", "on"] | bool | None, _setting("automation")] = None  # YAML's on is a bool
    nightly_cron: Annotated[str | None, _setting("nightly_cron")] = None
    nightly_batches: Annotated[int | None, _setting("nightly_batches")] = None
    batches_per_run: Annotated[int | None, _setting("batches_per_run")] = None
    clean_days: Annotated[float | None, _setting("clean_days")] = None
    store_pages: Annotated[str | None, _setting("store_pages")] = None
    ray_address: Annotated[str | None, _setting("ray_address")] = None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions of the pipeline.

        Raises:
            BadSetting: an attribute has an impossible value.
        """
        key = self.manifests_from
        return speech_definitions(
            key_prefix=self.key_prefix,
            group_name=self.group_name,
            manifests_from=None if key is None else dg.AssetKey.from_user_string(key),
            manifests_input=self.manifests_input,
            batch_settings=self.batch_settings,
            **self._settings(),
        )

    def _settings(self) -> dict[str, Any]:
        """The attributes that are settings, if they are given."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _OPTIONS}
        values["model"] = values.pop("speech_model")
        if isinstance(values["automation"], bool):
            values["automation"] = "on" if values["automation"] else "off"
        return {name: value for name, value in values.items() if value is not None}
