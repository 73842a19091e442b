"""Resources: thin Dagster wrappers; each ``create_resource`` returns the domain's own object.

What cannot be made, since a setting is wrong, is a failure of the step that uses it (``failures``), and not of the
resource: that would be a traceback, and for the instance a run that crashed and is to be tried again.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn, TypeVar, cast

import dagster as dg

from f5_pipeline.defs.instance.launcher import RUNS
from f5_pipeline.defs.instance.run_watchdog import end_with_run_record
from f5_pipeline.engine.loading import load_f5_engine
from f5_pipeline.engine.protocol import SpeechEngine
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.storage.liveness import advertise
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.synthesis.session import Progress

LoadEngine = Callable[[ReadyModel], SpeechEngine]
MakeProgress = Callable[[dg.AssetExecutionContext], Progress]

_T = TypeVar("_T")


class Unusable:
    """Stands for what could not be made; whoever uses it is told why."""

    def __init__(self, error: F5PipelineError) -> None:
        self.__error = error

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # Python and Dagster look at what it is
            raise AttributeError(name)
        raise self.__error


def made(make: Callable[[], _T]) -> _T:
    """What ``make`` returns; or something that raises our error as soon as it is used."""
    try:
        return make()
    except F5PipelineError as error:
        return cast(_T, Unusable(error))


class SettingsResource(dg.ConfigurableResource[Settings]):
    """The environment variables ``F5_…`` and ``.env``. Every run has them, and so shows with them that it lives; and
    that it ends, when its record has.
    """

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Settings]:
        settings = made(load_settings)
        with ExitStack() as lasting:
            if context.run and context.instance:  # a tick has none
                lasting.enter_context(end_with_run_record(context.instance, context.run))
                if not isinstance(settings, Unusable):
                    lasting.enter_context(advertise(settings.cache / RUNS, context.run.run_id))
            yield settings


class StoreResource(dg.ConfigurableResource[ObjectStore]):
    """The store: a folder or a bucket."""

    url: str | None = None  # default: F5_STORE

    def create_resource(self, context: dg.InitResourceContext) -> ObjectStore:
        return made(lambda: open_store(self.url or load_settings().store))


class EngineResource(dg.ConfigurableResource[LoadEngine]):
    """How to load the speech engine; nothing is loaded before something is missing."""

    def create_resource(self, context: dg.InitResourceContext) -> LoadEngine:
        return load_f5_engine


class ProgressResource(dg.ConfigurableResource[MakeProgress]):
    """Where the progress of a long run is shown: here, in the run's log."""

    def create_resource(self, context: dg.InitResourceContext) -> MakeProgress:
        from f5_pipeline.defs.metadata.progress import LogProgress

        return LogProgress


class RayClusterResource(dg.ConfigurableResource[object]):
    """A Ray cluster that Dagster makes for a run: none, as ``F5_RAY_ADDRESS`` names one or does not.

    A resource of ``dagster-ray`` may take the place of this one; it connects the run's process to its cluster.
    """

    def create_resource(self, context: dg.InitResourceContext) -> object:
        return None


RESOURCES = {
    "settings": SettingsResource(),
    "store": StoreResource(),
    "load_engine": EngineResource(),
    "make_progress": ProgressResource(),
    "ray_cluster": RayClusterResource(),
}
