"""The rows of one manifest, after a first reading that finds whatever makes it unreadable and decides its columns.

``rows`` reads formats, ``columns`` knows the names; here the values of a column decide if it is what its name says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.formats.reading import ManifestRow
from f5_pipeline.manifests.row_values import cell
from f5_pipeline.manifests.rows import read_rows
from f5_pipeline.settings.fields import LANGUAGE
from f5_pipeline.storage.object_store import is_slug
from f5_pipeline.storage.utterance_ids import is_id, normalised_id
from f5_pipeline.text.cues import seconds_of

_FITS: Mapping[str, Callable[[str], bool]] = {
    "language": lambda value: bool(re.fullmatch(LANGUAGE, value)),
    "section": is_slug,
    "start": lambda value: seconds_of(value) is not None,
    "end": lambda value: seconds_of(value) is not None,
}


class ManifestRows:
    """The rows of a manifest, which can be read any number of times.

    The first reading costs a fraction of resolving the rows. Without it, an error at the end of a long manifest would
    come after minutes.

    Raises:
        BadManifest: as for ``read_rows``.
    """

    def __init__(self, data: bytes, format: str, location: str, settings: BatchSettings) -> None:
        self._read, self._settings = partial(read_rows, data, format, location), settings
        self._without_alias: dict[str, str] = {}
        while unfit := self._survey():
            self._without_alias |= unfit

    def __iter__(self) -> Iterator[ManifestRow]:
        return self._read(options=self._settings.read_options(self._without_alias))

    def _survey(self) -> Mapping[str, str]:
        """Read all rows; returns the columns that an alias must not provide, each with the reason."""
        options = self._settings.read_options(self._without_alias)
        values = _AliasedValues(options.columns.aliases)
        for row in self._read(options=options):
            values.add(row)
            self.last_row = row.number
        if options.columns.named and not options.columns.is_used:
            options.note("[columns] has no effect: this manifest has no column names.")
        self.notes = tuple(options.columns.notes)
        return values.unfit()


class _AliasedValues:
    """The values of columns that were recognised by an alias: a column ``file`` can have ids, or anything else."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._aliases = aliases  # known when the first row is read
        self._ids: dict[str, int] = {}  # id in lower case → row
        self._unsafe = 0  # ids
        self._unfit: dict[str, str] = {}

    def add(self, row: ManifestRow) -> None:
        for column in self._aliases.keys() & {"id", "language", "section", "start", "end"}:
            if column not in self._unfit and (reason := self._reason(column, cell(row, column), row.number)):
                self._unfit[column] = reason

    def unfit(self) -> Mapping[str, str]:
        """The columns whose values do not fit, with the reason."""
        if "id" not in self._unfit and 2 * self._unsafe > len(self._ids):
            self._unfit["id"] = "most of its values are no file names"
        return self._unfit

    def _reason(self, column: str, value: str, row: int) -> str:
        if column != "id":
            return "" if not value or _FITS[column](value) else f"row {row} has {value[:40]!r}"
        if not value:
            return f"row {row} has none"
        id = normalised_id(value)
        self._unsafe += not is_id(id)
        first = self._ids.setdefault(id.lower(), row)
        return "" if first == row else f"rows {first} and {row} have the same"
