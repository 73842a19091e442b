"""Names of columns: other names that are recognised, and those that the batch settings give."""

from __future__ import annotations

import pytest

from f5_pipeline.errors import BadManifest, BadSetting
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.columns import ALIASES, COLUMNS
from f5_pipeline.manifests.manifest_rows import ManifestRows
from f5_pipeline.settings.toml import parse_settings


def read(data: str, toml: str = "", format: str = "csv") -> ManifestRows:
    settings = parse_settings(BatchSettings, toml.encode(), "m.toml")
    return ManifestRows(data.encode(), format, "m", settings)


JOINED = "join_sections = true\n"

#: Header and row, batch settings, the cells of the row, and what the notes must mention.
NAMES = [
    ("Dialogue\nHi.", "", {"text": "Hi."}, ["'Dialogue' is read as 'text'"]),
    ("String ID;Character;SourceString\na;f2;Hi.", "", {"id": "a", "voice": "f2", "text": "Hi."}, ["'String ID' is"]),
    ("text,line\nHi.,7", "", {"text": "Hi.", "line": "7"}, []),  # a column of the canonical name wins
    ("text,speaker\nHi.,f2", 'voice = "m1"', {"text": "Hi.", "speaker": "f2"}, ["'speaker' is not read as 'voice'"]),
    ("text,lang\nHi.,de", "", {"text": "Hi.", "language": "de"}, ["'lang'"]),
    ("text,lang\nHi.,German please", "", {"text": "Hi.", "lang": "German please"}, ["row 1 has 'German please'"]),
    ("text,scene\nHi.,s1", JOINED, {"text": "Hi.", "section": "s1"}, ["'scene'"]),
    ("text,scene\nHi.,s1", "", {"text": "Hi.", "scene": "s1"}, []),  # sections have no effect
    ("text,chapter\nHi.,Chapter 1", JOINED, {"text": "Hi.", "chapter": "Chapter 1"}, ["row 1 has 'Chapter 1'"]),
    ("text,begin,stop\nHi.,1,2", "", {"text": "Hi.", "start": "1", "end": "2"}, ["'begin' is", "'stop' is"]),
    ("text,timeout\nHi.,30", "", {"text": "Hi.", "timeout": "30"}, []),  # an end needs a start
    ("text,key,clip id\nHi.,a,b", "", {"text": "Hi.", "key": "a", "clip id": "b"}, ["it can be 'key' or 'clip id'"]),
    ("Dialogue,Identifier,Filename\nHi.,a,b", "", {"text": "Hi.", "id": "a", "Filename": "b"}, ["'Identifier' is"]),
    ("text,file\nHi.,game/script.rpy\nBye.,game/script.rpy", "", {"file": "game/script.rpy"}, ["rows 1 and 2 have"]),
    ("text,file\nHi.,\nBye.,b", "", {"file": ""}, ["row 1 has none"]),
    ("text,key\nHi.,Hi there!\nBye.,Bye there!", "", {"key": "Hi there!"}, ["no file names"]),
    ("text,file\nHi.,a b.wav\nBye.,c.wav", "", {"id": "a b.wav"}, ["'file' is read as 'id'"]),  # one bad id
    # [columns] in the batch settings
    ("a,b\nHi.,f2", "[columns]\ntext = 'a'\nvoice = 'B'", {"text": "Hi.", "voice": "f2"}, []),
    ("text,text de\nHi.,Hallo.", "[columns]\ntext = 'Text-DE'", {"manifest_text": "Hi.", "text": "Hallo."}, []),
    ("voice,text\nHi.,f2", "[columns]\ntext = 'voice'\nvoice = 'text'", {"text": "Hi.", "voice": "f2"}, []),
    ("Line,Dialogue\n7,Hi.", "[columns]\ntext = 'Dialogue'", {"text": "Hi.", "Line": "7"}, []),
    ("text,cast\nHi.,f2", 'voice = "m1"\n[columns]\nvoice = "cast"', {"text": "Hi.", "voice": "f2"}, []),
]


@pytest.mark.parametrize(("data", "toml", "expected", "notes"), NAMES)
def test_columns_are_found_by_their_names(data: str, toml: str, expected: dict[str, str], notes: list[str]) -> None:
    rows = read(data, toml)
    cells = next(iter(rows)).cells
    assert {name: cells.get(name) for name in expected} == expected
    assert all(note in " ".join(rows.notes) for note in notes)
    assert bool(rows.notes) is bool(notes)


@pytest.mark.parametrize(
    ("data", "toml", "message"),
    [
        ("Line,Dialogue\n7,Hi.", "", r"no column 'text'; it can be 'Line' or 'Dialogue'\. Name it .* text = \"Line\""),
        ("a,b\nHi.,f2", "[columns]\ntext = 'c'", r"no column 'c', which the batch settings read as 'text' .*'a', 'b'"),
        ("Lines,b\nHi.,f2", "[columns]\ntext = 'Line'", r"its columns: 'Lines', 'b'\)\. Did you mean 'lines'\?"),
        ("a,b\nHi.,f2", "", r"no column 'text' \(its columns: 'a', 'b'\).*\[columns\]"),
    ],
)
def test_a_file_without_a_certain_text_column_is_refused(data: str, toml: str, message: str) -> None:
    with pytest.raises(BadManifest, match=message):
        read(data, toml)


def test_an_unknown_column_in_the_settings_is_an_error() -> None:
    with pytest.raises(BadSetting, match=r"'columns\.txt' is not a setting\. Did you mean 'text'\?"):
        parse_settings(BatchSettings, b"[columns]\ntxt = 'Dialogue'", "m.toml")


def test_names_of_columns_are_useless_in_a_format_without_columns() -> None:
    assert "[columns] has no effect" in read("Hi.", "[columns]\ntext = 'a'", "txt").notes[0]


@pytest.mark.parametrize("format", ["jsonl", "json"])
def test_the_keys_of_json_objects_are_names_of_columns(format: str) -> None:
    """A key that only a later object has counts for all."""
    rows = read('{"Line": "Hi.", "speaker": "f2"}\n{"Line": "Bye.", "voice": "m1"}\n', "", format)
    assert [row.cells for row in rows] == [{"text": "Hi.", "speaker": "f2"}, {"text": "Bye.", "voice": "m1"}]


def test_no_alias_stands_for_two_columns() -> None:
    names = [name for names in ALIASES.values() for name in names]
    assert len({*names, *COLUMNS}) == len(names) + len(COLUMNS)
