"""The model: its files are on this machine or can be fetched, and its licence allows the intended use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.doctor.finding import Finding, fail, from_error, ok, warn
from f5_pipeline.errors import DownloadFailed, F5PipelineError, LicenceForbids
from f5_pipeline.models.files import check_source, find, in_hub_cache
from f5_pipeline.models.source import ModelSource, parse_source
from f5_pipeline.models.spec import ModelSpec, SourceFile
from f5_pipeline.models.weights import missing_bytes
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore

NAMES = ("model", "model_licence")


@dataclass(frozen=True)
class ModelState:
    """Where the files of a model are."""

    missing: int = 0  # bytes that a run would download
    absent: tuple[str, ...] = ()  # the user's own files that are not where the catalogue says
    mirrored: bool = False  # True if the store has all missing files
    hub_cache: Path | None = None  # the user's Hugging Face cache, if it has all missing files
    refusal: DownloadFailed | None = None  # of the first missing file that its server does not give to this machine


def probe_model(spec: ModelSpec, cache: Path, store: ObjectStore | None) -> ModelState:
    """Look on this machine, then in the store's mirror, and only for missing files ask their servers.

    ``store`` is None if it cannot be read.
    """
    files = {parse_source(file.source): file for file in spec.files.values() if find(file, cache) is None}
    absent = tuple(source.text for source in files if not source.remote)
    copies = {source: in_hub_cache(file) for source, file in files.items() if source.remote}
    remote = {source: files[source] for source, copy in copies.items() if copy is None}
    if not remote:
        return ModelState(missing_bytes(spec, cache), absent, hub_cache=next(iter(copies.values()), None))
    mirrored = store is not None and _all_mirrored([*remote], store)
    refusal = None if mirrored else _refusal(remote.values())
    return ModelState(missing_bytes(spec, cache), absent, mirrored, None, refusal)


def _refusal(files: Iterable[SourceFile]) -> DownloadFailed | None:
    """Why the first of the files that cannot be downloaded cannot. Each server is asked for the file itself.

    A bucket is not asked: the store's checks or the run report on it.
    """
    for file in files:
        try:
            check_source(file)
        except DownloadFailed as error:
            return error
    return None


def _all_mirrored(sources: Sequence[ModelSource], store: ObjectStore) -> bool:
    keys = [layout.MODELS + source.key for source in sources]
    try:
        return len(store.stat_many(keys)) == len(set(keys))
    except F5PipelineError:  # the store's own checks report it
        return False


def check_model(spec: ModelSpec, state: ModelState) -> Finding:
    """Check that a run can find or download the files."""
    name = NAMES[0]
    if state.absent:
        found = f"{spec.name}: the file {state.absent[0]} does not exist."
        return fail(name, found, "Put the file there, or correct the catalogue (F5_MODELS).")
    if state.hub_cache is not None:
        return ok(name, f"{spec.name} is in the Hugging Face cache {state.hub_cache}, and is taken from there.")
    if not state.missing:
        return ok(name, f"{spec.name} is on this machine.")
    size = f"{state.missing / 1e6:,.0f} MB"
    if state.mirrored:
        return ok(name, f"{spec.name} comes from the store's mirror: {size}.")
    fix = f"on a machine that reaches it, run 'f5-pipeline mirror {spec.name}' with the store of this machine."
    if state.refusal is not None:
        reason = f"{state.refusal.culprit} {state.refusal.reason}"
        return fail(name, f"{spec.name} is not on this machine ({size}). {reason}", f"{state.refusal.fix} Or, {fix}")
    found = f"{spec.name} is not on this machine yet: the first run downloads {size}."
    return warn(name, found, "No action is needed, unless this machine must not download anything.")


def check_licence(spec: ModelSpec, commercial: bool) -> Finding:
    """Check that the licence allows the intended use. ``commercial`` is ``F5_COMMERCIAL``."""
    name = NAMES[1]
    if commercial and not spec.commercial:
        return from_error(name, LicenceForbids(spec.name, spec.licence))
    allowed = "commercial use is allowed" if spec.commercial else "not for commercial use"
    return ok(name, f"{spec.name} is licensed {spec.licence}: {allowed}.")
