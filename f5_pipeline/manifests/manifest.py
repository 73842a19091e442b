"""What a batch says: its files read, resolved into utterances, and checked, before a second of compute is spent.

The files themselves are in ``batch_files``, formats in ``rows``, the meaning of a row in ``resolve``, the file of
resolved utterances in ``utterance_file``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from f5_pipeline.errors import BatchChanging, RowsRejected
from f5_pipeline.manifests.batch_files import BatchFiles, stored_files
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.dictionary import read_dictionary
from f5_pipeline.manifests.inputs import Inputs, dictionary_version
from f5_pipeline.manifests.resolve import Resolver
from f5_pipeline.manifests.rows import COLUMNS, read_rows
from f5_pipeline.manifests.utterance import RejectedRow, Utterance
from f5_pipeline.manifests.utterance_file import BatchContents
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import local_vocabulary
from f5_pipeline.results.manifest_files import ManifestFiles, manifest_files
from f5_pipeline.settings.environment import Settings
from f5_pipeline.settings.validation import did_you_mean
from f5_pipeline.storage.layout import STORE_DICTIONARY
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.text.pronunciation import Pronunciations
from f5_pipeline.voices.listing import VoiceFiles, list_voices, read_voice_settings

_READINGS = 3  # of files that change meanwhile
_PLACED_STEPS = {5, 6, 7, 10, 12, 16, 32}  # F5 has tables for these; 32 is its authors' own default

Vocabularies = Callable[[ModelSpec], "frozenset[str] | None"]


def read_utterances(
    store: ObjectStore,
    batch: str,
    settings: Settings,
    catalogue: Mapping[str, ModelSpec],
    vocabulary_of: Vocabularies | None = None,
) -> BatchContents:
    """Read, resolve and check a batch of the store. Nothing is downloaded but the manifest and small files.

    ``vocabulary_of``: as for :func:`resolve_files`.

    Raises:
        BatchMissing, BadManifest, BadSetting, BadPronunciations: a file cannot be found or read.
        BatchChanging: it is being submitted, or a submission was interrupted.
        UnknownModel, LicenceForbids: the batch's model is not in the catalogue, or not for commercial use.
        RowsRejected: there are bad rows, and ``on_bad_rows = "fail"``.
    """
    versions, files = _settled(store, batch)
    sources = Inputs(list_voices(store), catalogue, settings.model, dictionary_version(store))
    contents = resolve_files(files, store, settings, catalogue, vocabulary_of, sources.voices)
    if contents.rejected and contents.settings.on_bad_rows == "fail":
        raise RowsRejected(batch, [f"row {row.row}: {row.reason.rstrip('.')}" for row in contents.rejected])
    input_versions = sources.input_versions(
        versions,
        voices=_voices_of(contents),
        models={utterance.model for utterance in contents.utterances},
        uses_default_model=contents.settings.model is None,
    )
    return replace(contents, input_versions=input_versions)


def _settled(store: ObjectStore, batch: str) -> tuple[ManifestFiles, BatchFiles]:
    """The files of a batch that belong together, and which versions they are: none changed while they were read."""
    for _ in range(_READINGS):
        versions = manifest_files(store, batch)
        if versions.being_submitted:
            break
        files = stored_files(store, batch)
        if manifest_files(store, batch) == versions:
            return versions, files
    raise BatchChanging(batch)


def resolve_files(
    files: BatchFiles,
    store: ObjectStore,
    settings: Settings,
    catalogue: Mapping[str, ModelSpec],
    vocabulary_of: Vocabularies | None = None,
    voices: Mapping[str, VoiceFiles] | None = None,
) -> BatchContents:
    """What a batch says that is spoken with the voices and the dictionary of a store. Bad rows never raise.

    ``vocabulary_of`` gives a model's tokens, or None where they are not on this machine: then its characters are
    not checked, and a warning says so. Default: what is on this machine.

    Raises:
        BadManifest, BadPronunciations: the manifest, or the store's dictionary, cannot be read.
        UnknownModel, LicenceForbids: the batch's model is not in the catalogue, or not for commercial use.
    """
    update = {"commercial": True} if settings.commercial else {}
    batch_settings = files.settings.model_copy(update=update)
    rows = partial(read_rows, files.data, files.format, files.where)
    resolver = Resolver(
        settings=batch_settings,
        default_model=settings.model,
        catalogue=catalogue,
        batch=files.batch,
        voices=list_voices(store) if voices is None else voices,
        voice_settings=partial(read_voice_settings, store),
        vocabulary_of=vocabulary_of or partial(local_vocabulary, cache=settings.cache),
        last_row=lambda: max(row.number for row in rows()),  # twice through the file rather than all of it in memory
        pronunciations=Pronunciations(files.words, read_dictionary(store, STORE_DICTIONARY)),
    )
    utterances, rejected = _sorted_out(resolver.resolve(row) for row in rows())
    warnings = (*_column_warnings(resolver.carried), *_model_warnings(resolver), *_step_warnings(utterances))
    sha256 = hashlib.sha256(files.data).hexdigest()
    return BatchContents(batch_settings, utterances, rejected, sha256, warnings)


def _voices_of(contents: BatchContents) -> set[str]:
    """All voices that the rows name, also those that cannot be used."""
    said = {voice for utterance in contents.utterances for voice in utterance.voices}
    return said | {voice for row in contents.rejected for voice in row.voices}


def _sorted_out(
    rows: Iterator[Utterance | RejectedRow],
) -> tuple[tuple[Utterance, ...], tuple[RejectedRow, ...]]:
    utterances: list[Utterance] = []
    rejected: list[RejectedRow] = []
    for row in rows:
        if isinstance(row, Utterance):
            utterances.append(row)
        else:
            rejected.append(row)
    return tuple(utterances), tuple(rejected)


def _column_warnings(columns: Iterable[str]) -> list[str]:
    """Columns that are carried through but look as if they were meant to do something."""
    settings_keys = BatchSettings.model_fields
    found = []
    for name in columns:
        if name in settings_keys:
            found.append(
                f"The column {name!r} is carried through; as a setting it belongs into the batch's .toml file."
            )
        elif hint := did_you_mean(name, list(COLUMNS)):
            found.append(f"The column {name!r} is carried through, and means nothing here.{hint}")
    return found


def _model_warnings(resolver: Resolver) -> list[str]:
    unchecked = [
        f"The vocabulary of the model {name!r} is not on this machine yet, so characters were not checked."
        for name in sorted(resolver.unchecked_models)
    ]
    return unchecked + [
        f"{rows} rows are in {language!r}, which the model {model!r} was not trained for."
        for (language, model), rows in sorted(resolver.foreign.items())
    ]


def _step_warnings(utterances: Iterable[Utterance]) -> list[str]:
    """Step counts without a table of well-placed steps: 20 even steps may sound worse than 16 placed ones."""
    steps = {utterance.sampling.nfe_step for utterance in utterances} - _PLACED_STEPS
    placed = ", ".join(map(str, sorted(_PLACED_STEPS - {32})))
    return [
        f"nfe_step = {count} spaces its steps evenly; {placed} are placed where they matter most, and 32 is the most "
        "that helps."
        for count in sorted(steps)
    ]
