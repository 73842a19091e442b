"""Decisions of a listener: the file, what it does to the rows of a manifest, and how decisions are added to it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from f5_pipeline.errors import BadDecisions, BadManifest, BatchMissing, NotSpokenYet, UnsafeName, UtteranceMissing
from f5_pipeline.manifests.batch_files import submit_manifest
from f5_pipeline.manifests.decide import add_decisions, decisions_csv
from f5_pipeline.manifests.decisions import COLUMNS, MAX_BYTES, ListenerDecision, parse_decisions, read_decisions
from f5_pipeline.manifests.manifest import read_utterances
from f5_pipeline.manifests.utterance import Decision
from f5_pipeline.manifests.utterance_file import load_utterances, save_utterances
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.results.batches import known_batches
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.results.manifest_files import list_manifests
from f5_pipeline.results.take_list import TAKES, ListedTake, list_takes
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import decisions_object
from f5_pipeline.storage.local import LocalStore
from tests.material import put_voices

KEYS = ["1" * 64, "2" * 64]
MANIFEST = b"id,voice,text\none,f2,It rained.\ntwo,f2,=It snowed.\nthree,nobody,Hail.\n"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """A batch ``b`` that was spoken: the first line has two takes, the third was rejected."""
    store = LocalStore(tmp_path / "store")
    put_voices(store, "f2")
    store.write("manifests/b.csv", MANIFEST)
    takes = list_takes([ListedTake(1, KEYS[0], "suspect", "a gap"), ListedTake(2, KEYS[1], "suspect", "a gap")])
    rows = [
        IndexRow("one", "It rained.", status="suspect", key=KEYS[1], attempts=2, quality={TAKES: takes}),
        IndexRow("two", "=It snowed.", key="3" * 64, attempts=1),
        IndexRow("three", "Hail.", status="rejected", reason="row 3"),
    ]
    write_index(store, "b", rows)
    return store


def put(store: LocalStore, text: str) -> Mapping[str, ListenerDecision]:
    add_decisions(store, "b", text.encode(), "d.csv")
    return read_decisions(store, "b")


def utterances(store: LocalStore) -> dict[str, tuple[str, Decision | None]]:
    contents = read_utterances(store, "b", Settings(model="demo"), load_catalogue(Settings()))
    save_utterances(store, "b", contents)
    assert load_utterances(store, "b") == contents
    return {each.id: (each.text, each.decision) for each in contents.utterances}


# --- the file -------------------------------------------------------------------------------------------------


def test_a_decision_has_the_names_of_other_words_and_a_spreadsheets_form() -> None:
    data = "\ufeffID;Decision;New text\r\none;Re-speak;It poured.\r\ntwo;REJECT;x\r\n;;\r\n".encode()
    assert parse_decisions(data, "d", complete=False) == {
        "one": ListenerDecision("one", "respeak", new_text="It poured."),
        "two": ListenerDecision("two", "respeak", new_text="x"),
    }


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"id,decision,colour\na,accept,red\n", "colour"),
        (b"id\na\n", "its columns"),
        (b"", "its columns"),
        (b"decision,take\naccept,1\n", "its columns"),
        (b"id,decision,take\na,maybe,1\n", "'maybe' in line 2"),
        (b"id,decision,take\na,accept,1\n\na,accept,1\n", "twice, again in line 4"),
        (b"id,decision,take\na,accept,0\n", "'0' in line 2"),
        (b"id,decision,take\na,respeak,-1\n", "'-1' in line 2"),
        (b"id,decision,take\na,respeak,1e9\n", "'1e9'"),
        (b"id,decision,take\na,respeak,9999999999\n", "'9999999999'"),
        (b"id,decision,take\na,accept," + b"9" * 5000 + b"\n", "'9999"),
        ("id,decision,take\na,accept,\u0661\n".encode(), "'\u0661' in line 2"),
        (b" " * (MAX_BYTES + 1), "64 MiB"),
        (b"id,decision,take,key\na,accept,1,../x\n", "clip key in line 2"),
        (b"id,decision,take\n,accept,1\n", "no id in line 2"),
        (b"id,decision\na,accept\n", "f5-pipeline decide"),
        (b"id,decision\na,accept,1,2,3\n", "line 2"),
        (b"\xff\xfe", "UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(data: bytes, shown: str) -> None:
    with pytest.raises(BadDecisions, match=shown.replace("(", r"\(")) as error:
        parse_decisions(data, "x.decisions.csv")
    assert "x.decisions.csv" in str(error.value)


def test_decisions_are_written_safely_and_read_again() -> None:
    decisions = [
        ListenerDecision("a", "accept", 2, KEYS[0], note='=HYPERLINK("x"), really'),
        ListenerDecision("b", "respeak", 0, text="+1", new_text='He said "so",\nand left.'),
    ]
    data = decisions_csv(decisions)
    assert list(parse_decisions(data, "d").values()) == decisions
    cells = [cell for row in csv.reader(io.StringIO(data.decode())) for cell in row]
    assert not any(cell.startswith(("=", "+")) for cell in cells)
    assert tuple(cells[: len(COLUMNS)]) == COLUMNS


# --- beside a manifest ----------------------------------------------------------------------------------------


def test_the_file_is_no_batch_and_changes_the_version_of_its_batch(store: LocalStore) -> None:
    before = list_manifests(store)["b"].version
    put(store, "id,decision\none,accept\n")
    assert known_batches(store) == ["b"]
    assert list(list_manifests(store)) == ["b"]
    assert list_manifests(store)["b"].version != before


def test_submit_takes_decisions_along_and_keeps_those_in_the_store(store: LocalStore, tmp_path: Path) -> None:
    put(store, "id,decision\none,accept\n")
    path = tmp_path / "b.csv"
    path.write_bytes(MANIFEST)
    submit_manifest(store, path)
    assert read_decisions(store, "b")["one"].decision == "accept"
    (tmp_path / "b.decisions.csv").write_text("id,decision,take\ntwo,respeak,1\n")
    submit_manifest(store, path)
    assert list(read_decisions(store, "b")) == ["two"]
    (tmp_path / "b.decisions.csv").write_text("id,decision,take\ntwo,perhaps,1\n")
    with pytest.raises(BadDecisions, match="perhaps"):
        submit_manifest(store, path)
    assert list(read_decisions(store, "b")) == ["two"]


def test_decisions_are_not_submitted_as_a_manifest(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "b.decisions.csv"
    path.write_text("id,decision\none,accept\n")
    with pytest.raises(BadManifest, match="f5-pipeline decide b"):
        submit_manifest(store, path)
    with pytest.raises(UnsafeName):
        submit_manifest(store, path, "x.decisions")


def test_decisions_reach_the_utterances(store: LocalStore) -> None:
    put(store, "id,decision,take,new_text,note\none,accept,1,,louder?\ntwo,,,It hailed.,\n")
    assert utterances(store) == {
        "one": ("It rained.", Decision("accept", 1, KEYS[0], "louder?")),
        "two": ("It hailed.", Decision(original_text="=It snowed.")),
    }


def test_an_edited_text_replaces_only_the_text_that_was_heard(store: LocalStore) -> None:
    put(store, "id,new_text\none,It poured.\n")
    store.write("manifests/b.csv", b"id,voice,text\none,f2,The sun shone.\n")
    assert utterances(store) == {"one": ("The sun shone.", Decision())}


def test_an_edited_text_can_be_edited_again(store: LocalStore) -> None:
    put(store, "id,new_text\none,It poured.\n")
    write_index(store, "b", [IndexRow("one", "It poured.", key=KEYS[0], attempts=1)])
    found = put(store, "id,new_text\none,It poured down.\n")["one"]
    assert (found.text, found.new_text) == ("It rained.", "It poured down.")
    found = put(store, "id,decision\none,respeak\n")["one"]
    assert (found.text, found.new_text, found.take, found.key) == ("It rained.", "It poured down.", 1, KEYS[0])


def test_a_new_text_can_heal_a_rejected_row(store: LocalStore) -> None:
    store.write("manifests/b.csv", b"id,voice,text\nthree,f2,!!!\n")
    write_index(store, "b", [IndexRow("three", "!!!", status="rejected", reason="row 1: nothing to say")])
    put(store, "id,new_text\nthree,Hail.\n")
    assert utterances(store)["three"][0] == "Hail."


# --- decide ---------------------------------------------------------------------------------------------------


def test_decisions_are_completed_with_the_takes_that_there_are(store: LocalStore) -> None:
    assert put(store, "id,decision,take\none,accept,\ntwo,respeak,\n") == {
        "one": ListenerDecision("one", "accept", 2, KEYS[1]),
        "two": ListenerDecision("two", "respeak", 1, "3" * 64),
    }
    assert put(store, "id,decision,take\none,accept,1\n")["one"] == ListenerDecision("one", "accept", 1, KEYS[0])
    by_key = put(store, f"id,decision,key\none,accept,{KEYS[0]}\n")["one"]
    assert (by_key.take, by_key.key) == (1, KEYS[0])


def test_a_row_replaces_the_earlier_decision_and_an_empty_one_withdraws_it(store: LocalStore) -> None:
    put(store, "id,decision\none,accept\ntwo,respeak\n")
    report = add_decisions(store, "b", b"id,decision\none,respeak\ntwo,\n", "d.csv")
    assert (report.accepted, report.respoken, report.withdrawn, report.in_force) == (0, 1, 1, 1)
    assert list(read_decisions(store, "b")) == ["one"]
    add_decisions(store, "b", b"id,decision\none,\n", "d.csv")
    assert store.stat(decisions_object("b")) is None


@pytest.mark.parametrize(
    ("batch", "data", "error", "shown"),
    [
        ("b", b"id,decision\nfour,accept\n", UtteranceMissing, "four"),
        ("b", b"id,decision,take\none,accept,7\n", BadDecisions, "take 1, 2"),
        ("b", b"id,decision\nthree,accept\n", BadDecisions, "no take"),
        ("other", b"id,decision\none,accept\n", BatchMissing, "other"),
        ("../b", b"id,decision\none,accept\n", UnsafeName, "../b"),
        ("new", b"id,decision\none,accept\n", NotSpokenYet, "new"),
    ],
)
def test_decisions_that_do_not_fit_their_batch_change_nothing(
    store: LocalStore, batch: str, data: bytes, error: type[Exception], shown: str
) -> None:
    store.write("manifests/new.csv", MANIFEST)
    put(store, "id,decision\ntwo,accept\n")
    with pytest.raises(error, match=shown):
        add_decisions(store, batch, data, "d.csv")
    assert list(read_decisions(store, "b")) == ["two"]


def test_the_command(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from f5_pipeline.cli.main import main

    monkeypatch.setenv("F5_STORE", store.url)
    path = tmp_path / "b.decisions.csv"
    path.write_text("id,decision,new_text\none,accept,\ntwo,respeak,It hailed.\n")
    assert main(["decide", "b", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "1 accepted, 1 to be spoken again, 1 with a new text" in shown
    assert "f5-pipeline run b" in shown
    assert main(["decide", "b", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err
