"""Resources: thin Dagster wrappers; each ``create_resource`` returns the domain's own object.

A resource that cannot be created, because a setting is invalid, must not fail the initialisation of resources: Dagster
would show a traceback, and the instance would retry the run as crashed. It fails the step that uses it (``failures``).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar, cast

import dagster as dg
from pydantic import Field

from f5_pipeline.defs.instance.launcher import RUNS
from f5_pipeline.defs.instance.run_watchdog import exit_when_run_ends
from f5_pipeline.defs.pipeline import Pipeline
from f5_pipeline.engine.loading import load_f5_engine
from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.storage.liveness import advertise
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.synthesis.executor import Progress

LoadEngine = Callable[[ReadyModel], SpeechEngine]


class RunProgress(Progress, Protocol):
    """Receives the progress of the steps of a run that take long."""

    def deliver(self, done: int, total: int) -> None:
        """Of ``total`` files of lines to write, ``done`` are written."""


MakeProgress = Callable[[dg.AssetExecutionContext], RunProgress]

_T = TypeVar("_T")


class FailedResource:
    """Takes the place of a resource that could not be created; any use of it raises the error."""

    def __init__(self, error: F5PipelineError) -> None:
        self.__error = error

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # Python and Dagster inspect the type
            raise AttributeError(name)
        raise self.__error


def create_or_defer_error(create: Callable[[], _T]) -> _T:
    """The result of ``create``, or a ``FailedResource`` if it raises one of our errors."""
    try:
        return create()
    except F5PipelineError as error:
        return cast(_T, FailedResource(error))


class SettingsResource(dg.ConfigurableResource[Settings]):
    """The environment variables ``F5_…`` and ``.env``, or the settings of a pipeline in their place.

    Every run uses this resource, so it also advertises that the run's process is alive (for ``launcher``) and starts
    the run's watchdog.
    """

    values: dict[str, Any] = Field(default_factory=dict)  # fields of Settings that replace the environment

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Settings]:
        settings = create_or_defer_error(lambda: load_settings(self.values))
        with ExitStack() as stack:
            if context.run and context.instance:  # sensors and schedules have no run
                stack.enter_context(exit_when_run_ends(context.instance, context.run))
                if not isinstance(settings, FailedResource):
                    stack.enter_context(advertise(settings.cache / RUNS, context.run.run_id))
            yield settings


class StoreResource(dg.ConfigurableResource[ObjectStore]):
    """The store: a folder or a bucket."""

    url: str | None = None  # default: F5_STORE

    def create_resource(self, context: dg.InitResourceContext) -> ObjectStore:
        return create_or_defer_error(lambda: open_store(self.url or load_settings().store))


class EngineResource(dg.ConfigurableResource[LoadEngine]):
    """The function that loads the speech engine. It is called only if a clip is missing."""

    values: dict[str, Any] = Field(default_factory=dict)  # as for the settings

    def create_resource(self, context: dg.InitResourceContext) -> LoadEngine:
        if not self.values:
            return load_f5_engine
        return lambda model: load_f5_engine(model, load_settings(self.values))


class ProgressResource(dg.ConfigurableResource[MakeProgress]):
    """The function that makes a run's progress display: by default messages in the run's log."""

    def create_resource(self, context: dg.InitResourceContext) -> MakeProgress:
        from f5_pipeline.defs.metadata.progress import LogProgress

        return LogProgress


class RayClusterResource(dg.ConfigurableResource[object]):
    """A Ray cluster that Dagster starts for a run. By default none: then ``F5_RAY_ADDRESS`` names the cluster, if any.

    A resource of ``dagster-ray`` can replace this one; it connects the run's process to its cluster.
    """

    def create_resource(self, context: dg.InitResourceContext) -> object:
        return None


def resources_of(pipeline: Pipeline) -> Mapping[str, object]:
    """The resources of a pipeline, by the names of their parameters."""
    values = {name: str(value) if isinstance(value, Path) else value for name, value in pipeline.settings.items()}
    return {
        "settings": SettingsResource(values=values),
        "store": StoreResource(url=values.get("store")),
        "load_engine": EngineResource(values=values),
        "make_progress": ProgressResource(),
        "ray_cluster": RayClusterResource(),
    }
