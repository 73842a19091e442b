"""The columns of a manifest, and the names that files have for them. ``row_values`` validates their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from f5_pipeline.manifests.csv_file import Unreadable, normalised_name, squeezed_name
from f5_pipeline.settings.validation import did_you_mean

COLUMNS = (
    "text",
    "voice",
    "id",
    "folder",
    "language",
    "speed",
    "seed",
    "nfe_step",
    "solver",
    "cfg_strength",
    "section",
    "pause_after_seconds",
    "start",
    "end",
)
WORD_COLUMNS = COLUMNS[1:]  # their cells are single words: names, codes and numbers
MAX_COLUMNS = 1_000

_FILE_NAMES = ("file", "filename", "audiofile", "audiofilename", "clip", "clipname")

#: Other names of columns, as ``squeezed_name`` writes them. No name stands for two columns.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "text": (
        *("dialogue", "dialog", "line", "source", "sourcestring", "sourcetext", "transcript", "transcription"),
        *("sentence", "utterance", "content", "script", "prompt", "phrase"),
    ),
    "voice": ("speaker", "speakername", "character", "charactername", "actor", "voiceactor", "voicename", "narrator"),
    "id": (
        *("identifier", "key", "stringid", "lineid", "textid", "utteranceid", "clipid"),
        *_FILE_NAMES,
    ),
    "language": ("lang", "locale", "languagecode"),
    "section": ("scene", "chapter"),
    "start": ("starttime", "timein", "begin", "begintime"),
    "end": ("endtime", "timeout", "stop", "stoptime"),
}
KNOWN_NAMES = frozenset({*map(squeezed_name, COLUMNS), *(name for names in ALIASES.values() for name in names)})
_NAME_TEXT = (
    "Name the column of the texts 'text', in a csv file in the first line (such as id,text,voice); or name it in the "
    'batch settings: [columns] text = "…".'
)


@dataclass
class ColumnNames:
    """Translates the column names of one file, and records what it did."""

    named: Mapping[str, str] = field(default_factory=dict)  # column → its name in the file, from the batch settings
    without_alias: Mapping[str, str] = field(default_factory=dict)  # column → why no alias is read as it; "": obvious
    aliases: dict[str, str] = field(default_factory=dict)  # column → its name in the file, recognised by an alias
    notes: list[str] = field(default_factory=list)  # sentences for the user
    is_used: bool = False  # False while no header was read: the format may have none

    def canonical(self, names: Sequence[str]) -> list[str]:
        """The columns of a file: known columns by their canonical names, others by their own, unnamed ones as "".

        Raises:
            Unreadable: there are too many columns, two of one name, or none that is certainly ``text``.
        """
        if len(names) > MAX_COLUMNS:
            reason = f"has {len(names):,} columns; a manifest has at most {MAX_COLUMNS:,}."
            raise Unreadable(reason, "Delete those that are not needed.")
        self.is_used = True
        columns = [column_name(name) for name in names]
        self._apply_named(columns, names)
        self._apply_aliases(columns)
        duplicate = next((name for name, count in Counter(columns).items() if name and count > 1), None)
        if duplicate is not None:
            raise Unreadable(f"has two columns named {duplicate!r}.", "Rename one of them.")
        if "text" not in columns:
            raise Unreadable(f"has no column 'text' (its columns: {_listed(names)}).", _NAME_TEXT)
        return columns

    def _apply_named(self, columns: list[str], names: Sequence[str]) -> None:
        """The batch settings name these columns. A column of the same canonical name becomes one of the user's own."""
        keys = [normalised_name(name) for name in names]
        for column, name in self.named.items():
            at = next((at for at, key in enumerate(keys) if key == normalised_name(name)), None)
            if at is None:
                found = f"its columns: {_listed(names)}"
                reason = f"has no column {name[:40]!r}, which the batch settings read as {column!r} ({found})."
                hint = did_you_mean(name, [name.lower() for name in names])
                raise Unreadable(reason + hint, "Correct [columns], or the header.")
            if column in columns and columns[at] != column:
                columns[columns.index(column)] = f"manifest_{column}"
            columns[at] = column

    def _apply_aliases(self, columns: list[str]) -> None:
        for column in ALIASES:
            if column == "end" and "start" not in columns:
                continue  # a row with an end needs a start; "timeout" can be anything
            found = [] if column in columns else _alias_positions(column, columns)
            if len(found) > 1:
                self._refuse_ambiguous(column, [columns[at] for at in found])
            elif found and column in self.without_alias:
                name = columns[found[0]]
                if reason := self.without_alias[column]:
                    fix = f'[columns] {column} = "{name}" in the batch settings decides otherwise'
                    self.notes.append(f"The column {name!r} is not read as {column!r}, since {reason}; {fix}.")
            elif found:
                self.aliases[column] = columns[found[0]]
                self.notes.append(f"The column {columns[found[0]]!r} is read as {column!r}.")
                columns[found[0]] = column

    def _refuse_ambiguous(self, column: str, names: Sequence[str]) -> None:
        either = " or ".join(map(repr, names))
        fix = f'name it in the batch settings: [columns] {column} = "{names[0]}"'
        if column == "text":
            raise Unreadable(f"has no column 'text'; it can be {either}.", f"{fix[0].upper()}{fix[1:]}.")
        self.notes.append(f"No column is read as {column!r}, since it can be {either}; {fix}.")


def column_name(name: str) -> str:
    """The canonical name of a known column (``Text``, ``Pause after seconds``); other names stay as they are."""
    canonical = normalised_name(name)
    return canonical if canonical in COLUMNS else name.strip()


def _alias_positions(column: str, columns: Sequence[str]) -> list[int]:
    """Where a file has an alias of a column. Columns that are translated already do not count."""
    names = {at: squeezed_name(name) for at, name in enumerate(columns) if name not in COLUMNS}
    found = [at for at, name in names.items() if name in ALIASES[column]]
    return [at for at in found if names[at] not in _FILE_NAMES] or found  # an identifier beats the name of a file


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:40]) for name in names[:20]) or "none"
