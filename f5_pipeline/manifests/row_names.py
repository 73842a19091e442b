"""The ids and sections of the rows of one batch. They become file names, and file systems may be case-insensitive."""

from __future__ import annotations

from dataclasses import dataclass, field

from f5_pipeline.manifests.formats.reading import ManifestRow
from f5_pipeline.manifests.row_values import RowRejected, cell, section_of
from f5_pipeline.storage.utterance_ids import MAX_ID, id_problem, is_id, normalised_id, suggested_id


@dataclass
class RowNames:
    """Names the rows of one batch in order. Keeps the names of earlier rows, to find duplicates."""

    last_row: int  # the last row number: the width of ids that derive from row numbers
    default_section: str  # the joined file of rows without a section; "" if nothing is joined
    _ids: dict[str, int] = field(default_factory=dict)  # id in lower case → row
    _sections: dict[str, tuple[str, int]] = field(default_factory=dict)  # lower case → spelling and row

    def unique_id(self, row: ManifestRow) -> str:
        """The id of a row.

        Raises:
            RowRejected: it is not safe, or an earlier row has it.
        """
        id = self._id(row)
        if problem := id_problem(id):
            suggestion = suggested_id(id)
            hint = f". Write {suggestion!r}" if suggestion else ""
            raise RowRejected(f"The id {id[:MAX_ID]!r} is not a safe name: {problem}{hint}")
        first = self._ids.setdefault(id.lower(), row.number)
        if first != row.number:
            raise RowRejected(
                f"The id {id!r} is already that of row {first} (ids are case-insensitive, and have no audio suffix)"
            )
        return id

    def rejected_id(self, row: ManifestRow) -> str:
        """The row's id if it is valid and unique, else a generated one: ids are unique in the index."""
        id = self._id(row)
        if is_id(id) and self._ids.setdefault(id.lower(), row.number) == row.number:
            return id
        id = f"row-{self._default_id(row)}"
        while self._ids.setdefault(id.lower(), row.number) != row.number:
            id += "-rejected"
        return id

    def checked_section(self, row: ManifestRow) -> str | None:
        """The section of a row; None if it names none.

        Raises:
            RowRejected: it is not a safe name, or differs from an earlier one by case alone.
        """
        section = section_of(row)
        name = section or self.default_section
        first, number = self._sections.setdefault(name.lower(), (name, row.number)) if name else ("", 0)
        if first != name:
            subject = f"The section {name!r}" if section else f"The row names no section and joins {name!r}, which"
            raise RowRejected(f"{subject} is spelled {first!r} in row {number} (sections are case-insensitive)")
        return section

    def _id(self, row: ManifestRow) -> str:
        return normalised_id(cell(row, "id") or self._default_id(row), cell(row, "folder"))

    def _default_id(self, row: ManifestRow) -> str:
        return str(row.number).zfill(max(4, len(str(self.last_row))))
