"""One pipeline of a code location: the names of its definitions, and the settings that it has of its own.

This project's code location has one, ``DEFAULT``. Another project may have several, each with its own key prefix: then
no asset, job, sensor, resource or partition of one is that of another.
"""

import inspect
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, Literal, get_args, get_type_hints

import dagster as dg

from f5_pipeline.errors import BadSetting, F5PipelineError
from f5_pipeline.settings.environment import Settings, load_settings

MACHINE_ASSETS = ("flash_attn_environment", "model_weights", "voice_files")
BATCH_ASSETS = ("utterances", "generated_audio", "delivered_audio")  # in their order

#: How the asset ``manifests`` gets the lines of its upstream asset: its value, loaded by its IO manager; a file that
#: its materialization names; or not at all, because it writes manifests into the store.
ManifestsInput = Literal["value", "path", "store"]

_PART = re.compile(r"[A-Za-z0-9_]+")  # of a key prefix: it is part of names, which allow no other characters
_RESOURCES = ("settings", "store", "load_engine", "make_progress", "ray_cluster")


@dataclass(frozen=True, eq=False)
class Pipeline:
    """One pipeline of a code location.

    Raises:
        BadSetting: a name or a setting is impossible.
    """

    key_prefix: tuple[str, ...] = ()
    group_name: str | None = None  # of all assets; default: setup, speech and delivery
    settings: Mapping[str, Any] = field(default_factory=dict)  # fields of ``Settings`` that replace the environment
    manifests_from: dg.AssetKey | None = None  # the upstream asset that has the lines
    manifests_input: ManifestsInput = "value"
    batch_settings: Mapping[str, Any] = field(default_factory=dict)  # of the manifests that come from it

    def __post_init__(self) -> None:
        for part in self.key_prefix:
            if not _PART.fullmatch(part):
                raise BadSetting("SpeechPipeline", "key_prefix", f"has {part!r}: use letters, digits and '_'.")
        if self.manifests_input not in (known := get_args(ManifestsInput)):
            names = ", ".join(map(repr, known))
            raise BadSetting("SpeechPipeline", "manifests_input", f"must be one of {names}.")

    def key(self, asset: str) -> dg.AssetKey:
        """The key of one of its assets."""
        return dg.AssetKey([*self.key_prefix, asset])

    def keys(self, *assets: str) -> list[dg.AssetKey]:
        return [self.key(asset) for asset in assets]

    def name(self, name: str) -> str:
        """The name of a job, sensor, schedule, resource or partitions definition, built as Dagster does for ops."""
        return self.key(name).to_python_identifier()

    @cached_property
    def batches(self) -> dg.DynamicPartitionsDefinition:
        """The partitions: see ``partitions``."""
        return dg.DynamicPartitionsDefinition(name=self.name("batches"))

    @cached_property
    def settled_versions(self) -> dg.DynamicPartitionsDefinition:
        """The versions of manifests that need no run: see ``automation.manifest_versions``."""
        return dg.DynamicPartitionsDefinition(name=self.name("settled_manifest_versions"))

    def load_settings(self) -> Settings:
        """Its settings: the environment, with its own in their place.

        Raises:
            BadSetting: one has an impossible value.
        """
        return load_settings(self.settings)

    @property
    def definition_settings(self) -> Settings:
        """The settings that definitions depend on, such as the time of a schedule.

        Definitions load with the defaults if a variable of the environment is invalid, so that a run can report it.

        Raises:
            BadSetting: one of its own settings has an impossible value.
        """
        try:
            return self.load_settings()
        except F5PipelineError as error:
            if isinstance(error, BadSetting) and error.where == "SpeechPipeline":
                raise
            logging.getLogger(__name__).warning("Automation is off: %s", error)
            return Settings.model_construct(**self.settings)

    @property
    def sensor_status(self) -> dg.DefaultSensorStatus:
        """RUNNING if ``F5_AUTOMATION`` is on."""
        on = self.definition_settings.automation == "on"
        return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED

    @property
    def schedule_status(self) -> dg.DefaultScheduleStatus:
        """RUNNING if ``F5_AUTOMATION`` is on."""
        on = self.definition_settings.automation == "on"
        return dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED

    def owns(self, run: dg.DagsterRun) -> bool:
        """True for a run of its job ``speech_batch`` or of any of its batch assets."""
        keys = set(self.keys(*BATCH_ASSETS))
        return run.job_name == self.name("speech_batch") or not keys.isdisjoint(run.asset_selection or ())

    def with_resources(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of Dagster whose resource parameters have the names of this pipeline's resources."""
        signature, hints = inspect.signature(function), get_type_hints(function, include_extras=True)
        names = {name: self.name(name) if name in _RESOURCES else name for name in signature.parameters}
        if all(name == renamed for name, renamed in names.items()):
            return function
        originals = {renamed: name for name, renamed in names.items()}

        @wraps(function)
        def renamed(*arguments: Any, **values: Any) -> Any:
            return function(*arguments, **{originals[name]: value for name, value in values.items()})

        parameters = [each.replace(name=names[name]) for name, each in signature.parameters.items()]
        signature = signature.replace(parameters=parameters)
        if inspect.isgeneratorfunction(function):  # Dagster reads the annotation of other functions as that of a value
            signature, _ = signature.replace(return_annotation=inspect.Signature.empty), hints.pop("return", None)
        renamed.__signature__ = signature  # type: ignore[attr-defined]
        renamed.__annotations__ = {names.get(name, name): hint for name, hint in hints.items()}
        del renamed.__wrapped__  # Dagster would read the parameters of the function itself
        return renamed


DEFAULT = Pipeline()
