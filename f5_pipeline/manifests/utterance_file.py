"""``batches/BATCH/utterances.jsonl``: a resolved batch.

One header line, one line per row, and a last line with the versions of the batch's inputs.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from f5_pipeline.errors import BadManifest, ObjectMissing, Superseded
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.utterance import Passage, RejectedRow, Utterance
from f5_pipeline.models.spec import Sampling
from f5_pipeline.storage.layout import utterances_object
from f5_pipeline.storage.object_store import ObjectStore

_FORMAT = 1  # increase when old files can no longer be read


@dataclass(frozen=True)
class BatchContents:
    """A resolved batch: its settings, utterances and rejected rows."""

    settings: BatchSettings
    utterances: tuple[Utterance, ...]
    rejected: tuple[RejectedRow, ...]
    manifest_sha256: str
    warnings: tuple[str, ...] = ()
    input_versions: Mapping[str, str] = field(default_factory=dict)  # see ``inputs.CurrentInputs``


def save_utterances(store: ObjectStore, batch: str, contents: BatchContents) -> str:
    """Write a resolved batch, replacing an earlier one; return the sha256 of its content without the input versions."""
    data = "".join(f"{line}\n" for line in _lines(contents)).encode()
    input_versions = f"{_json({'made_of': dict(contents.input_versions)})}\n".encode()
    store.write(utterances_object(batch), data + input_versions)
    return hashlib.sha256(data).hexdigest()


def load_utterances(store: ObjectStore, batch: str) -> BatchContents:
    """Read a batch that :func:`save_utterances` wrote.

    Raises:
        ObjectMissing: the batch is not resolved yet.
        BadManifest: the file is damaged, or written by another version.
    """
    key = utterances_object(batch)
    fix = f"Materialize 'utterances' of the batch {batch!r} again."
    try:
        data = store.read(key)
    except ObjectMissing:
        raise ObjectMissing(store.location(key), fix) from None
    try:
        return _contents(io.BytesIO(data))
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise BadManifest(store.location(key), f"is damaged or of another version ({error!r:.100}).", fix) from None


def utterances_version(store: ObjectStore, batch: str) -> str:
    """The ETag of the stored file; "" if there is none."""
    info = store.stat(utterances_object(batch))
    return "" if info is None else info.etag


def check_not_superseded(store: ObjectStore, batch: str, version: str, contents: BatchContents) -> None:
    """Check that a batch has not changed since it was loaded. The same content in a new file is not a change.

    Args:
        version: ``utterances_version`` from before the batch was loaded.
        contents: the batch as loaded.

    Raises:
        Superseded: the batch has other content now.
        ObjectMissing: the file was deleted.
    """
    if utterances_version(store, batch) != version and load_utterances(store, batch) != contents:
        raise Superseded(batch)


def _lines(contents: BatchContents) -> Iterator[str]:
    header = {
        "format": _FORMAT,
        "manifest_sha256": contents.manifest_sha256,
        "settings": contents.settings.model_dump(mode="json"),
        "warnings": contents.warnings,
        "utterances": len(contents.utterances),
        "rejected": len(contents.rejected),
    }
    yield _json(header)
    for utterance in contents.utterances:
        passages = [vars(passage) for passage in utterance.passages]
        yield _json({"utterance": {**vars(utterance), "sampling": vars(utterance.sampling), "passages": passages}})
    for row in contents.rejected:
        yield _json({"rejected": vars(row)})


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _contents(lines: Iterator[bytes]) -> BatchContents:
    header, trailer = from_json(next(lines, b"{}")), {}
    samplings: dict[tuple[tuple[str, Any], ...], Sampling] = {}  # few different ones: lines share them
    utterances, rejected = [], []
    for line in lines:
        row = from_json(line)
        if "made_of" in row:
            trailer = row
            continue
        if "rejected" in row:
            rejected.append(RejectedRow(**{**row["rejected"], "voices": tuple(row["rejected"]["voices"])}))
            continue
        values = row["utterance"]
        sampling = tuple(values["sampling"].items())
        if sampling not in samplings:
            samplings[sampling] = Sampling(**values["sampling"])
        for name in ("voice", "model", "language"):
            values[name] = intern(values[name])
        values["sampling"] = samplings[sampling]
        values["passages"] = tuple([Passage(**passage) for passage in values["passages"]])
        utterances.append(Utterance(**values))
    if (header["format"], header["utterances"], header["rejected"]) != (_FORMAT, len(utterances), len(rejected)):
        raise ValueError("incomplete")
    settings = BatchSettings.model_validate(header["settings"])
    return BatchContents(
        settings,
        tuple(utterances),
        tuple(rejected),
        header["manifest_sha256"],
        tuple(header["warnings"]),
        trailer["made_of"],
    )
