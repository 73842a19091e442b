"""Hostile names and texts on a real pseudo-terminal and in Dagster's records; only one module prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.results.index import IndexRow, write_index
from tests.cli.command_line import CommandLine
from tests.cli.pseudo_terminal import run_on_a_terminal
from tests.display.test_characters import CHARACTERS
from tests.paths import ROOT
from tests.synthesis.fake_engine import FakeEngine

#: A forged line, a command that clears the screen, a title, a link, and all other hostile characters.
HOSTILE = f"name\nFORGED 1 ok\r\x1b[2J\x1b]0;title\x07\x1b]8;;http://evil\x1b\\link{CHARACTERS[1:-1]}end"
FILE_NAME = HOSTILE.replace("/", "") + "\udc80"  # the last is a byte that is not UTF-8
#: Colours, the cursor that is hidden and shown again by rich, and the line of a progress bar that it writes anew;
#: everything else is untrusted.
_OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\r\x1b\[2K|\r?\x1b\[1A\x1b\[2K|\r\n")


def on_a_terminal(cli: CommandLine, *arguments: str) -> str:
    """Run a command on a pseudo-terminal of 200 columns; returns what the terminal receives."""
    return run_on_a_terminal(list(arguments), {"COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}, cli.folder)[1]


def _prepare(cli: CommandLine) -> None:
    """Hostile texts and names in everything that a user can put into a store."""
    store = cli.folder / "store"
    texts = f'one,"{HOSTILE}",f2,x\n"{HOSTILE}","Hello.","{HOSTILE}",x\ngood,"Hello\x1b there\u202e.",f2,"{HOSTILE}"\n'
    (cli.folder / "m.csv").write_text(f'id,text,voice,"{HOSTILE}"\n{texts}', encoding="utf-8")
    (store / "voices" / "hostile.txt").write_text(HOSTILE, encoding="utf-8")
    (store / "voices" / "hostile.wav").write_bytes((store / "voices" / "f2.wav").read_bytes())
    (store / "voices" / "outside.wav").symlink_to(f"/tmp/{FILE_NAME}")
    (store / "voices" / f"{FILE_NAME}.wav").write_bytes(b"")
    (store / "manifests").mkdir()
    (store / "manifests" / f"{FILE_NAME}.csv").write_bytes(b"")
    rows = [IndexRow("one", HOSTILE, status="rejected", reason=HOSTILE, voice=HOSTILE, columns={HOSTILE: HOSTILE})]
    write_index(cli.store, "b", rows)
    cli.store.write("manifests/b.csv", b"text,voice\nHello.,f2\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (("voices",), "hostile"),
        (("voices", "--json"), "hostile"),
        (("results", "b"), "rejected"),
        (("results", "b", "--json"), "rejected"),
        (("submit", "m.csv", "--dry-run"), "is rejected"),
        (("submit", "m.csv", "--dry-run", "--json"), "rejected"),
        (("submit", HOSTILE), "FORGED"),
        (("results", HOSTILE), "FORGED"),
        (("results", "b", "--links", HOSTILE), "whole number"),
        ((HOSTILE,), "FORGED"),
    ],
    ids=lambda value: " ".join(value).replace(HOSTILE, "HOSTILE") if isinstance(value, tuple) else "",
)
def test_a_terminal_receives_no_control_characters(cli: CommandLine, arguments: tuple[str, ...], fact: str) -> None:
    _prepare(cli)
    output = on_a_terminal(cli, *arguments)
    assert fact in output
    lines = re.split(r"\r\n", _OURS.sub(lambda match: match[0] if match[0] == "\r\n" else "", output))
    assert [line for line in lines for character in CHARACTERS if character in line] == []
    assert [line for line in lines if line.startswith("FORGED")] == []


@pytest.mark.slow
def test_dagsters_records_have_no_control_characters(cli: CommandLine, engine: FakeEngine) -> None:
    from f5_pipeline.defs.instance.instance import open_instance

    _prepare(cli)
    cli("submit", cli.folder / "m.csv")
    code, out, err = cli("run", "m")
    assert code == 0, err
    assert [c for c in CHARACTERS if c in out.replace("\n", "")] == []
    with open_instance() as instance:
        (run,) = instance.get_runs()
        texts = [text for entry in instance.all_logs(run.run_id) for text in _texts_of(entry)]
    assert any("FORGED" in text for text in texts)
    assert [text for text in texts if any(character in text for character in CHARACTERS)] == []


def _texts_of(entry: Any) -> Iterator[str]:
    """The message of a log entry, and the texts of a materialization or a check, whatever their type."""
    event = entry.dagster_event
    if event is None:
        yield entry.user_message
    if event is None or event.event_type_value not in ("ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION"):
        return
    data = event.event_specific_data
    source = data.materialization if event.is_step_materialization else data
    yield getattr(source, "description", None) or ""
    for name, value in source.metadata.items():
        yield name
        if hasattr(value, "records"):
            yield from (str(cell) for record in value.records for cell in record.data.values())
        elif not hasattr(value, "md_str"):  # Markdown has lines
            yield str(value.value)


def test_only_the_terminal_module_prints() -> None:
    """So that no text can be printed without it."""
    calls = [
        f"{path.name}:{node.lineno}"
        for path in (ROOT / "f5_pipeline" / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert {call.partition(":")[0] for call in calls} == {"terminal.py"}
