"""Whether the model can be had: in the catalogue, licensed for what it is wanted for, here, or where it comes from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.doctor.finding import Finding, fail, of_error, ok, warn
from f5_pipeline.doctor.store import see_answer
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
    mirrored: bool = False  # whether the store has all that is missing
    unreachable: tuple[str, ...] = ()  # servers that what is missing would come from, and that do not answer


def see_model(spec: ModelSpec, cache: Path, store: ObjectStore | None) -> ModelState:
    """Looks at this machine, at the store's mirror, and, only if files are missing, whether their server answers.

    ``store`` is None if it cannot be asked.
    """
    sources = [parse_source(file.source) for file in spec.files.values() if find(file, cache) is None]
    absent = tuple(source.text for source in sources if not source.remote)
    wanted = [source for source in sources if source.remote]
    mirrored = bool(wanted) and store is not None and _mirrored(wanted, store)
    servers = [] if mirrored else sorted({_server(source) for source in wanted} - {""})
    dead = tuple(trouble for server in servers if (trouble := see_answer(server).trouble))
    return ModelState(missing_bytes(spec, cache), absent, mirrored, dead)


def _mirrored(sources: Sequence[ModelSource], store: ObjectStore) -> bool:
    keys = [layout.MODELS + source.key for source in sources]
    try:
        return len(store.stat_many(keys)) == len(set(keys))
    except F5PipelineError:  # what is wrong with the store is a finding of its own
        return False


def _server(source: ModelSource) -> str:
    """Whom to ask; a bucket is asked with credentials, by the store's own checks or by the run."""
    if source.kind == "hf":
        return os.environ.get("HF_ENDPOINT") or _HUB
    return "/".join(source.text.split("/")[:3]) if source.kind == "https" else ""


def judge_model(spec: ModelSpec, state: ModelState) -> Finding:
    """Whether a run will find or get the files."""
    name = NAMES[0]
    if state.absent:
        said = f"{spec.name}: {state.absent[0]} is not there."
        return fail(name, said, "Put the file there, or correct the catalogue (F5_MODELS).")
    if not state.missing:
        return ok(name, f"{spec.name} is on this machine.")
    size = f"{state.missing / 1e6:,.0f} MB"
    if state.mirrored:
        return ok(name, f"{spec.name} comes from the store's mirror: {size}.")
    if state.unreachable:
        fix = f"Fetch it elsewhere with 'f5-pipeline mirror {spec.name}' into a store that this machine uses."
        return fail(name, f"{spec.name} is not here ({size}), and {state.unreachable[0]}.", fix)
    return warn(name, f"{spec.name} is not here yet: the first run downloads {size}.", "Nothing, if that is fine.")


def judge_licence(spec: ModelSpec, commercial: bool) -> Finding:
    """``commercial``: whether F5_COMMERCIAL asks for weights that may be used commercially."""
    name = NAMES[1]
    if commercial and not spec.commercial:
        return of_error(name, LicenceForbids(spec.name, spec.licence))
    allowed = "commercial use is allowed" if spec.commercial else "not for commercial use"
    return ok(name, f"{spec.name} is licensed {spec.licence}: {allowed}.")
