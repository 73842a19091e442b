"""From the files of a batch to validated utterances, before any speech is generated.

Files are in ``batch_files``, formats in ``rows``, the resolution of a row in ``resolve``, and the file of resolved
utterances in ``utterance_file``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from f5_pipeline.errors import BatchChanging, RowsRejected
from f5_pipeline.manifests.batch_files import BatchFiles, stored_files
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.columns import COLUMNS
from f5_pipeline.manifests.dictionary import read_dictionary
from f5_pipeline.manifests.formats.markdown import md_section_titles
from f5_pipeline.manifests.inputs import CurrentInputs, dictionary_version
from f5_pipeline.manifests.manifest_rows import ManifestRows
from f5_pipeline.manifests.resolve import Resolver
from f5_pipeline.manifests.text_language import clash_warnings
from f5_pipeline.manifests.time_line import with_next_starts
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

_READ_ATTEMPTS = 3  # while the files change
_SCHEDULED_STEPS = {5, 6, 7, 10, 12, 16, 32}  # f5_tts has schedules for these; 32 is its default

LoadVocabulary = Callable[[ModelSpec], "frozenset[str] | None"]


def read_utterances(
    store: ObjectStore,
    batch: str,
    settings: Settings,
    catalogue: Mapping[str, ModelSpec],
    vocabulary_of: LoadVocabulary | None = None,
) -> BatchContents:
    """Read, resolve and validate a batch of the store. Downloads only the manifest and small files.

    ``vocabulary_of``: as for :func:`resolve_files`.

    Raises:
        BatchMissing, BadManifest, BadSetting, BadPronunciations: a file cannot be found or read.
        BatchChanging: a submission is in progress or was interrupted.
        UnknownModel, LicenceForbids: the batch's model is not in the catalogue, or its licence forbids commercial use.
        RowsRejected: a row is rejected, and ``on_bad_rows = "fail"``.
    """
    manifest, files = _consistent_files(store, batch)
    inputs = CurrentInputs(list_voices(store), catalogue, settings.model, dictionary_version(store))
    contents = resolve_files(files, store, settings, catalogue, vocabulary_of, inputs.voices)
    if contents.rejected and contents.settings.on_bad_rows == "fail":
        raise RowsRejected(batch, [f"row {row.row}: {row.reason.rstrip('.')}" for row in contents.rejected])
    input_versions = inputs.versions(
        manifest,
        voices=_voices_of(contents),
        models={utterance.model for utterance in contents.utterances},
        uses_default_model=contents.settings.model is None,
    )
    return replace(contents, input_versions=input_versions)


def _consistent_files(store: ObjectStore, batch: str) -> tuple[ManifestFiles, BatchFiles]:
    """The files of a batch and their versions: none changed during the read."""
    for _ in range(_READ_ATTEMPTS):
        listed = manifest_files(store, batch)
        if listed.being_submitted:
            break
        files = stored_files(store, batch)
        if manifest_files(store, batch) == listed:
            return listed, files
    raise BatchChanging(batch)


def resolve_files(
    files: BatchFiles,
    store: ObjectStore,
    settings: Settings,
    catalogue: Mapping[str, ModelSpec],
    vocabulary_of: LoadVocabulary | None = None,
    voices: Mapping[str, VoiceFiles] | None = None,
) -> BatchContents:
    """Resolve a batch with the voices and the dictionary of a store. Bad rows are rejected, never raised.

    ``vocabulary_of`` returns a model's tokens; None if they are not on this machine, which skips the check of
    characters and adds a warning. Default: the vocabularies on this machine.

    Raises:
        BadManifest, BadPronunciations: the manifest or the store's dictionary cannot be read.
        UnknownModel, LicenceForbids: the batch's model is not in the catalogue, or its licence forbids commercial use.
    """
    batch_settings = _batch_settings(files, settings)
    rows = ManifestRows(files.data, files.read_as, files.location, batch_settings)
    if files.read_as == "md":
        batch_settings = _with_section_titles(batch_settings, files.data)
    resolver = Resolver(
        settings=batch_settings,
        default_model=settings.model,
        catalogue=catalogue,
        batch=files.batch,
        voices=list_voices(store) if voices is None else voices,
        voice_settings=partial(read_voice_settings, store),
        vocabulary_of=vocabulary_of or partial(local_vocabulary, cache=settings.cache),
        last_row=rows.last_row,
        decisions=files.decisions,
        pronunciations=Pronunciations(files.pronunciations, read_dictionary(store, STORE_DICTIONARY)),
    )
    resolved, rejected = _partition(resolver.resolve(row) for row in rows)
    utterances, misplaced = with_next_starts(resolved, batch_settings, files.batch)
    warnings = (
        *rows.notes,
        *_column_warnings(resolver.user_columns),
        *_model_warnings(resolver),
        *clash_warnings(resolver.clashing_rows),
        *_step_warnings(utterances),
    )
    sha256 = hashlib.sha256(files.data).hexdigest()
    return BatchContents(batch_settings, tuple(utterances), (*rejected, *misplaced), sha256, warnings)


def _batch_settings(files: BatchFiles, settings: Settings) -> BatchSettings:
    """The settings of a batch, with what the environment and the format of the manifest add."""
    update: dict[str, object] = {"commercial": True} if settings.commercial else {}
    if files.format == "md" and "markup" not in files.settings.model_fields_set:
        update["markup"] = "markdown"
    return files.settings.model_copy(update=update)


def _with_section_titles(settings: BatchSettings, document: bytes) -> BatchSettings:
    """The settings with the titles of a Markdown document's sections; those of the settings win."""
    return settings.model_copy(update={"section_titles": {**md_section_titles(document), **settings.section_titles}})


def _voices_of(contents: BatchContents) -> set[str]:
    """All voices that the rows name, including unusable ones."""
    usable = {voice for utterance in contents.utterances for voice in utterance.voices}
    return usable | {voice for row in contents.rejected for voice in row.voices}


def _partition(
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
    """Warn of user columns that look like settings or misspelt columns."""
    warnings = []
    for name in columns:
        if name in COLUMNS:
            continue
        if name in BatchSettings.model_fields:
            warnings.append(
                f"The column {name!r} has no effect; as a batch setting it belongs in the batch's .toml file."
            )
        elif hint := did_you_mean(name, list(COLUMNS)):
            warnings.append(f"The column {name!r} has no effect; it is only copied to the index.{hint}")
    return warnings


def _model_warnings(resolver: Resolver) -> list[str]:
    unchecked = [
        f"The vocabulary of the model {name!r} is not on this machine yet; characters were not checked."
        for name in sorted(resolver.unchecked_models)
    ]
    return unchecked + [
        f"{'1 row is' if rows == 1 else f'{rows} rows are'} in {language!r}, for which {model!r} was not trained."
        for (language, model), rows in sorted(resolver.untrained_rows.items())
    ]


def _step_warnings(utterances: Iterable[Utterance]) -> list[str]:
    """Warn of step counts without a schedule: 20 uniform steps of Euler's method may sound worse than 16 scheduled."""
    euler = (utterance.sampling for utterance in utterances if utterance.sampling.solver == "euler")
    steps = {sampling.nfe_step for sampling in euler} - _SCHEDULED_STEPS
    scheduled = ", ".join(map(str, sorted(_SCHEDULED_STEPS - {32})))
    return [
        f"nfe_step = {count} uses uniform steps; {scheduled} use an optimised schedule, and more than 32 hardly helps. "
        'solver = "ab2" has a schedule for every count.'
        for count in sorted(steps)
    ]
