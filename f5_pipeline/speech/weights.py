"""The files of a model on this machine: found or fetched, held to their sha256, proven to belong together.

What may be fetched from where is in ``model_source`` and ``model_files``; the proof is in ``model_proof``. Loading
is the engine's business; nothing here imports torch.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.speech.catalogue import ModelSpec
from f5_pipeline.speech.catalogue_entry import BACKBONES
from f5_pipeline.speech.model_files import LocalFile, fetch, find, gather_vocoder
from f5_pipeline.speech.model_proof import prove_checkpoint, prove_vocoder, read_vocabulary
from f5_pipeline.storage.object_store import ObjectStore

_PROOF_VERSION = 1  # bumped when the proof asks more than it did


@dataclass(frozen=True)
class ModelFiles:
    """A model that is ready to be loaded."""

    checkpoint: Path
    vocabulary: Path
    vocoder: Path  # a folder with config.yaml and pytorch_model.bin
    fingerprint: str  # sha256 of all that shapes the sound: the files, backbone, architecture, tokenizer
    sha256: Mapping[str, str]  # by the files' names in the catalogue
    seconds: float  # that finding, fetching and proving took
    bytes_downloaded: int


def ensure_weights(spec: ModelSpec, cache: Path, store: ObjectStore | None) -> ModelFiles:
    """Have the files of ``spec`` on this machine, whole, unaltered, and belonging together.

    Looks in this machine's ``cache``, then in the store's mirror (``models/``), then at the source. Files that
    are already here and proven cost milliseconds.

    Raises:
        BadWeights: a file is altered, or does not belong to its architecture, vocabulary or vocoder.
        WeightsUnavailable: a file is not here and cannot be fetched; says which, and where to put it by hand.
    """
    started = time.monotonic()
    files = {key: fetch(spec.name, key, file, cache, store) for key, file in spec.files.items()}
    hashes = {key: file.sha256 for key, file in files.items()}
    fingerprint = fingerprint_model(spec, hashes)
    if not _proven_before(spec, cache, fingerprint):
        _prove(spec, files, cache / "models" / "proven" / fingerprint)
    return ModelFiles(
        checkpoint=files["checkpoint"].path,
        vocabulary=files["vocabulary"].path,
        vocoder=gather_vocoder(files["vocoder_config"], files["vocoder_weights"], cache),
        fingerprint=fingerprint,
        sha256=hashes,
        seconds=time.monotonic() - started,
        bytes_downloaded=sum(file.bytes_downloaded for file in files.values()),
    )


def local_vocabulary(spec: ModelSpec, cache: Path | None = None) -> frozenset[str] | None:
    """The tokens that ``spec`` knows, if its vocabulary is on this machine already; else None. Downloads nothing.

    Raises:
        BadWeights: the file is not a vocabulary.
    """
    path = find(spec.vocabulary, cache)
    return None if path is None else frozenset(read_vocabulary(spec.name, path))


def fingerprint_model(spec: ModelSpec, hashes: Mapping[str, str]) -> str:
    """One sha256 for all of a model that shapes its sound; the architecture counts with its defaults filled in."""
    arch = BACKBONES[spec.backbone].model_validate(dict(spec.arch)).model_dump()
    parts = {"files": dict(hashes), "backbone": spec.backbone, "arch": arch, "tokenizer": spec.tokenizer}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _proven_before(spec: ModelSpec, cache: Path, fingerprint: str) -> bool:
    """Our own embedded files are proven by our tests; others once for each machine and fingerprint."""
    if all(file.sha256 and file.source.startswith("package:f5_pipeline/") for file in spec.files.values()):
        return True
    record = cache / "models" / "proven" / fingerprint
    return record.is_file() and record.read_text() == str(_PROOF_VERSION)


def _prove(spec: ModelSpec, files: Mapping[str, LocalFile], record: Path) -> None:
    prove_checkpoint(spec, files["checkpoint"].path, files["vocabulary"].path)
    prove_vocoder(spec, files["vocoder_config"].path, files["vocoder_weights"].path)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(str(_PROOF_VERSION))
