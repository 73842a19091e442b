"""The model: its files are on this machine or can be fetched, and its licence allows the intended use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.doctor.finding import Finding, fail, from_error, ok, warn
from f5_pipeline.doctor.store import probe_endpoint
from f5_pipeline.errors import F5PipelineError, LicenceForbids
from f5_pipeline.models.files import find
from f5_pipeline.models.source import ModelSource, parse_source
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import missing_bytes
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore

NAMES = ("model", "model_licence")
_HUB = "https://huggingface.co"


@dataclass(frozen=True)
class ModelState:
    """Where the files of a model are."""

    missing: int = 0  # bytes that a run would download
    absent: tuple[str, ...] = ()  # the user's own files that are not where the catalogue says
    mirrored: bool = False  # True if the store has all missing files
    server_errors: tuple[str, ...] = ()  # of the servers of the missing files that do not answer


def probe_model(spec: ModelSpec, cache: Path, store: ObjectStore | None) -> ModelState:
    """Look on this machine, then in the store's mirror, and only for missing files ask their servers.

    ``store`` is None if it cannot be read.
    """
    sources = [parse_source(file.source) for file in spec.files.values() if find(file, cache) is None]
    absent = tuple(source.text for source in sources if not source.remote)
    remote = [source for source in sources if source.remote]
    mirrored = bool(remote) and store is not None and _all_mirrored(remote, store)
    servers = [] if mirrored else sorted({_server(source) for source in remote} - {""})
    errors = tuple(error for server in servers if (error := probe_endpoint(server).error))
    return ModelState(missing_bytes(spec, cache), absent, mirrored, errors)


def _all_mirrored(sources: Sequence[ModelSource], store: ObjectStore) -> bool:
    keys = [layout.MODELS + source.key for source in sources]
    try:
        return len(store.stat_many(keys)) == len(set(keys))
    except F5PipelineError:  # the store's own checks report it
        return False


def _server(source: ModelSource) -> str:
    """The server of a file. "" for a bucket: it needs credentials, and the store's checks or the run report on it."""
    if source.kind == "hf":
        return os.environ.get("HF_ENDPOINT") or _HUB
    return "/".join(source.text.split("/")[:3]) if source.kind == "https" else ""


def check_model(spec: ModelSpec, state: ModelState) -> Finding:
    """Check that a run can find or download the files."""
    name = NAMES[0]
    if state.absent:
        found = f"{spec.name}: the file {state.absent[0]} does not exist."
        return fail(name, found, "Put the file there, or correct the catalogue (F5_MODELS).")
    if not state.missing:
        return ok(name, f"{spec.name} is on this machine.")
    size = f"{state.missing / 1e6:,.0f} MB"
    if state.mirrored:
        return ok(name, f"{spec.name} comes from the store's mirror: {size}.")
    if state.server_errors:
        fix = f"On a machine that reaches it, run 'f5-pipeline mirror {spec.name}' with the store of this machine."
        return fail(name, f"{spec.name} is not on this machine ({size}), and {state.server_errors[0]}.", fix)
    found = f"{spec.name} is not on this machine yet: the first run downloads {size}."
    return warn(name, found, "No action is needed, unless this machine must not download anything.")


def check_licence(spec: ModelSpec, commercial: bool) -> Finding:
    """Check that the licence allows the intended use. ``commercial`` is ``F5_COMMERCIAL``."""
    name = NAMES[1]
    if commercial and not spec.commercial:
        return from_error(name, LicenceForbids(spec.name, spec.licence))
    allowed = "commercial use is allowed" if spec.commercial else "not for commercial use"
    return ok(name, f"{spec.name} is licensed {spec.licence}: {allowed}.")
