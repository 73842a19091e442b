"""Pronunciation dictionaries: parsing, errors, precedence, submission."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.errors import BadManifest, BadPronunciations, BatchMissing, UnsafeName
from f5_pipeline.manifests.batch_files import find_manifest, local_files, submit_manifest
from f5_pipeline.manifests.dictionary import parse_dictionary, read_dictionary
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import dictionary_object
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.text.pronunciation import Entry
from tests.manifests.fake_voices import put_fake_voices


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    put_fake_voices(store, "anna")
    return store


def parse(text: str | bytes) -> list[Entry]:
    return parse_dictionary(text.encode() if isinstance(text, str) else text, "p.csv")


@pytest.mark.parametrize(
    "text",
    [
        "word,say\nSQL,sequel\nnew york,noo yawk\n",
        "\ufeffWord;Say\r\nSQL;sequel\r\nnew york;noo yawk\r\n",
        "sep=;\nword;say\nSQL;sequel\nnew york;noo yawk",
        "say\tnote\tword\nsequel\tdatabases\tSQL\nnoo yawk\t\tnew york\n",
        "word,say,language,note,,\nSQL,sequel,,,,\n\n,,,,,\n new  york , noo yawk,,,,\n",
    ],
)
def test_csv_dialects_parse_alike(text: str) -> None:
    assert parse(text) == [Entry("SQL", "sequel"), Entry("new york", "noo yawk")]


def test_entries_are_normalised_like_texts() -> None:
    """Quotes and composed letters have the form that the front end produces; otherwise no word would match."""
    assert parse("word,say,language\nit’s,it is,EN_gb\ncafe\u0301,kaffay,\n") == [
        Entry("it's", "it is", "en-gb"),
        Entry("café", "kaffay"),
    ]


BAD = [
    ("", "has other columns than a dictionary (its columns: none)."),
    ("word,say\n", "has no entries."),
    ("SQL,sequel\n", "has other columns than a dictionary (its columns: 'SQL', 'sequel')"),
    ("word,say,speed\nSQL,sequel,1\n", "(its columns: 'word', 'say', 'speed')"),
    ("word,say,Say\nSQL,sequel,x\n", "(its columns: 'word', 'say', 'Say')"),
    ("word,say\nSQL,sequel\nsql,x\nSQL,ess\n", "has 'SQL' in line 2 and again in line 4."),
    ("word,say\nsql,a\nsql,b\n", "has 'sql' in line 2 and again in line 3."),
    ("word,say\nSQL\n", "has no say in line 2."),
    ("word,say\nA,b\n,sequel\n", "has no word in line 3."),
    ("word,say\nSQL,see, quell\n", "has 3 cells in line 2 and the header 2."),
    ("word,say\nSQL,...\n", "has nothing to say in line 2: '...'"),
    ("word,say\nSQL,[pause 1s]\n", "has a bracket in line 2."),
    ("word,say,language\nSQL,sequel,English\n", "has the language 'english' in line 2."),
    (f"word,say\n{'x' * 201},y\n", "has a word of 201 characters in line 2."),
    ("word,say\nna\u00efve,x\n".encode("latin-1"), "is not UTF-8: line 2 has the byte 0xef"),
    ("word,say\nSQL,x\n".encode("utf-16"), "is UTF-16, not UTF-8 text."),
    ('word,say\nSQL,"x\nA,b\n', "has a quote in line 2 that is never closed."),
    (b"PK\x03\x04", "is a spreadsheet or zip file, not UTF-8 text."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), BAD, ids=[reason[:40] for _, reason in BAD])
def test_a_bad_dictionary_is_refused_in_one_paragraph(text: str | bytes, reason: str) -> None:
    with pytest.raises(BadPronunciations) as caught:
        parse(text)
    assert str(caught.value).startswith("Pronunciations p.csv ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_dictionary_that_is_too_large_is_refused(store: LocalStore) -> None:
    three = b"word,say\na,b\nc,d\ne,f\n"
    with pytest.raises(BadPronunciations, match="more than 2 entries"):
        parse_dictionary(three, "p.csv", max_entries=2)
    store.write("pronunciations.csv", three)
    with pytest.raises(BadPronunciations, match="larger than"):
        read_dictionary(store, "pronunciations.csv", max_bytes=10)


# --- precedence -----------------------------------------------------------------------------------------------


def spoken(store: LocalStore) -> list[str]:
    store.write("manifests/b.csv", b"text,voice\nThe SQL of Dr. No.,anna\nNobody.,anna\n")
    contents = read_utterances(store, "b", Settings(model="demo"), load_catalogue(Settings()))
    return [utterance.spoken_text for utterance in contents.utterances]


def test_the_batch_dictionary_beats_the_store_dictionary(store: LocalStore) -> None:
    assert spoken(store) == ["the s q l of doctor no.", "nobody."]
    store.write("pronunciations.csv", b"word,say\nSQL,sequel\nDr. No,doctor noh\n")
    assert spoken(store) == ["the sequel of doctor noh.", "nobody."]
    store.write(dictionary_object("b"), b"word,say\nsql,squeal\n")
    store.write(dictionary_object("other"), b"word,say\nnobody,somebody\n")
    assert spoken(store) == ["the squeal of doctor noh.", "nobody."]


@pytest.mark.parametrize("key", ["pronunciations.csv", dictionary_object("b")])
def test_a_bad_dictionary_stops_the_batch_and_is_named(store: LocalStore, key: str) -> None:
    store.write(key, b"word,say\nSQL\n")
    with pytest.raises(BadPronunciations, match=rf"{key}.* has no say in line 2"):
        spoken(store)


def test_a_pronunciation_outside_the_vocabulary_rejects_its_rows(store: LocalStore) -> None:
    store.write("pronunciations.csv", "word,say\nnobody,nobod\u044b\n".encode())
    assert spoken(store) == ["the s q l of doctor no."]


# --- submission -----------------------------------------------------------------------------------------------


def files(store: LocalStore) -> list[str]:
    return [info.key.removeprefix("manifests/") for info in store.list("manifests/")]


def test_a_dictionary_is_submitted_and_removed_with_its_manifest(store: LocalStore, tmp_path: Path) -> None:
    manifest, words = tmp_path / "My Tales.csv", tmp_path / "My Tales.pronunciations.csv"
    manifest.write_text("text\nA\n")
    words.write_text("word,say\nSQL,sequel\n")
    assert local_files(manifest).pronunciations == [Entry("SQL", "sequel")]
    assert submit_manifest(store, manifest) == "My-Tales"
    assert files(store) == ["My-Tales.csv", "My-Tales.pronunciations.csv"]
    assert store.read(dictionary_object("My-Tales")) == words.read_bytes()
    words.unlink()
    submit_manifest(store, manifest)
    assert files(store) == ["My-Tales.csv"]


def test_a_dictionary_is_not_a_batch(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "t.pronunciations.csv"
    path.write_text("word,say\nSQL,sequel\n")
    with pytest.raises(BadManifest, match=r"is a pronunciation dictionary.*t\.\*"):
        submit_manifest(store, path)
    with pytest.raises(UnsafeName):
        submit_manifest(store, path, "t.pronunciations")
    store.write("manifests/t.pronunciations.csv", b"word,say\nSQL,sequel\n")
    with pytest.raises(BatchMissing):
        find_manifest(store, "t.pronunciations")
