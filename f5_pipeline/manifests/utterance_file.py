"""``batches/BATCH/utterances.jsonl``: a resolved batch.

One header line, one line per row, and a last line with the versions of the batch's inputs and a checksum of the rest.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any

from pydantic_core import from_json

from f5_pipeline.errors import BadManifest, ObjectMissing, Superseded
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.utterance import Decision, Passage, RejectedRow, TimeSlot, Utterance
from f5_pipeline.models.spec import Sampling
from f5_pipeline.storage.layout import utterances_object
from f5_pipeline.storage.object_store import ObjectStore

_FORMAT = 2  # increase when old files can no longer be read


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
    made_of = dict(contents.input_versions)
    trailer = _json({"made_of": made_of, "sha256": _checksum(data, made_of)})
    store.write(utterances_object(batch), data + f"{trailer}\n".encode())
    return hashlib.sha256(data).hexdigest()


def load_utterances(store: ObjectStore, batch: str) -> BatchContents:
    """Read a batch that :func:`save_utterances` wrote.

    Raises:
        ObjectMissing: the batch is not resolved yet.
        BadManifest: the file is damaged, or written by another version.
    """
    key = utterances_object(batch)
    fix = f"Run the batch {batch!r} again: its asset 'utterances' writes the file again."
    try:
        data = store.read(key)
    except ObjectMissing:
        raise ObjectMissing(store.location(key), fix) from None
    try:
        return _contents(data)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadManifest(store.location(key), "is damaged or of another version.", fix) from None


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
        values = {**vars(utterance), "sampling": utterance.sampling.settings, "passages": passages}
        values["slot"] = vars(utterance.slot) if utterance.slot else None
        values["decision"] = vars(utterance.decision) if utterance.decision else None
        yield _json({"utterance": values})
    for row in contents.rejected:
        yield _json({"rejected": vars(row)})


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _checksum(lines: bytes | memoryview, made_of: dict[str, str]) -> str:
    return hashlib.sha256(hashlib.sha256(lines).digest() + _json(made_of).encode()).hexdigest()


def _contents(data: bytes) -> BatchContents:
    """Parse a file. Its checksums make a further check of its values needless."""
    made_of, lines = _input_versions(data), io.BytesIO(data)
    header = from_json(lines.readline())
    if header["format"] != _FORMAT:
        raise ValueError("another version")
    samplings: dict[tuple[tuple[str, Any], ...], Sampling] = {}  # few different ones: lines share them
    utterances, rejected = [], []
    for line in lines:
        row = from_json(line)
        if "made_of" in row:
            continue
        if "rejected" in row:
            rejected.append(RejectedRow(**{**row["rejected"], "voices": tuple(row["rejected"]["voices"])}))
            continue
        values = row["utterance"]
        sampling = tuple(values["sampling"].items())
        if sampling not in samplings:
            samplings[sampling] = Sampling(**values["sampling"])
        for name in ("voice", "model", "language", "language_source"):
            values[name] = intern(values[name])
        values["sampling"] = samplings[sampling]
        values["slot"] = TimeSlot(**values["slot"]) if values["slot"] else None
        values["decision"] = Decision(**decision) if (decision := values.get("decision")) else None
        values["passages"] = tuple([Passage(**passage) for passage in values["passages"]])
        values["notes"] = tuple(values["notes"])
        utterances.append(Utterance(**values))
    settings = BatchSettings.model_validate(header["settings"])
    return BatchContents(
        settings, tuple(utterances), tuple(rejected), header["manifest_sha256"], tuple(header["warnings"]), made_of
    )


def _input_versions(data: bytes) -> dict[str, str]:
    """The input versions in the last line. Raises ValueError if its checksum is not that of the file."""
    end = data.rfind(b"\n", 0, -1) + 1
    trailer = from_json(data[end:])
    if trailer["sha256"] != _checksum(memoryview(data)[:end], trailer["made_of"]):
        raise ValueError("damaged")
    return dict(trailer["made_of"])
