"""A batch resolved, spoken and delivered as the assets do it, without Dagster and with an engine without a model."""

from __future__ import annotations

from f5_pipeline.delivery.deliver import deliver_batch
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance_file import load_utterances, save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.results.index import read_index
from f5_pipeline.results.provenance import index_version, record_delivered
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.batch import SynthesisContext, speak_batch
from tests.synthesis.fake_engine import FakeEngine


def resolve(store: ObjectStore, settings: Settings, batch: str) -> None:
    save_utterances(store, batch, read_utterances(store, batch, settings, load_catalogue(settings)))


def speak(store: ObjectStore, settings: Settings, batch: str, engine: FakeEngine | None = None) -> None:
    engine = engine or FakeEngine()
    speak_batch(batch, SynthesisContext(store, settings.cache, load_catalogue(settings), engine.load))


def deliver(store: ObjectStore, settings: Settings, batch: str) -> None:
    contents, index = load_utterances(store, batch), index_version(store, batch)
    deliver_batch(store, batch, contents.settings, read_index(store, batch) or [], contents.utterances)
    record_delivered(store, batch, index)


def finish(store: ObjectStore, settings: Settings, batch: str, engine: FakeEngine | None = None) -> None:
    """Resolve, speak and deliver."""
    resolve(store, settings, batch)
    speak(store, settings, batch, engine)
    deliver(store, settings, batch)
