"""``decide``: what it prints, and files that are none of decisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.manifests import decisions
from f5_pipeline.manifests.decisions import read_decisions
from tests.cli.command_line import MANIFEST, CommandLine, write_results


@pytest.fixture(autouse=True)
def spoken(cli: CommandLine) -> None:
    """The batch ``b``: ``one`` is ok, ``two`` is rejected."""
    cli.store.write("manifests/b.csv", MANIFEST.encode())
    write_results(cli.store)


def test_decisions_are_counted_with_the_command_that_carries_them_out(cli: CommandLine) -> None:
    file = cli.write("d.csv", "id,decision,new_text,note\none,accept,,fine\ntwo,,It rained.,\n")
    code, out, err = cli("decide", "b", file)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "Lines of 'b': 1 accepted, 1 with a new text, 1 with a note. Decisions in the store: on 2 lines.",
        "Carry them out with: f5-pipeline run b",
    ]
    code, out, _ = cli("decide", "b", cli.write("d.csv", "id,decision\none,\n"))
    assert (code, out.splitlines()[0]) == (0, "Lines of 'b': 1 withdrawn. Decisions in the store: on 1 line.")


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("id,decision\nthree,accept\n", "'three'"),
        ("id,decision\n\x1b[31mone,accept\n", r"'\x1b[31mone'"),
        ("id,decision\ntwo,accept\n", "Write respeak"),  # a rejected line has no take
        (f"id,decision,take\none,accept,{'9' * 5000}\n", "Write the number of a take"),
        (b"PK\x03\x04" + bytes(60), "spreadsheet"),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(cli: CommandLine, content: str | bytes, fact: str) -> None:
    file = cli.write("d.csv", content)
    before = cli.files()
    error = cli.fails("decide", "b", file)
    assert fact in error
    assert "\x1b" not in error
    assert cli.files() == before


@pytest.mark.parametrize("file", ["nowhere.csv", "store", "/dev/zero"])
def test_what_is_no_file_is_refused(cli: CommandLine, file: str) -> None:
    assert file in cli.fails("decide", "b", file)


def test_decisions_that_could_not_be_read_again_are_not_written(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "MAX_BYTES", 300)
    assert cli("decide", "b", cli.write("d.csv", f"id,note\none,{'x' * 200}\n"))[0] == 0
    assert "MiB" in cli.fails("decide", "b", cli.write("d.csv", f"id,note\ntwo,{'x' * 200}\n"))
    assert list(read_decisions(cli.store, "b")) == ["one"]


def test_an_unknown_batch_has_no_decisions(cli: CommandLine) -> None:
    file: Path = cli.write("d.csv", "id,decision\none,accept\n")
    assert "'nope'" in cli.fails("decide", "nope", file)
