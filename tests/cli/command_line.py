"""The command line in a working folder, and results as a run leaves them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.cli.main import main
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.storage.local import LocalStore

MANIFEST = "id,text,voice\none,The first line.,f2\ntwo,The second line.,m1\n"
KEY = "a" * 64
CLIP = f"clips/aa/{KEY}.flac"


class CommandLine:
    """Runs commands in a working folder that has a store, in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.store = LocalStore(folder / "store")

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        """Run a command; returns exit code, stdout and stderr."""
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit:
            code = int(exit.code or 0)
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def fails(self, *arguments: object, code: int = 1) -> str:
        """Run a command that must fail with one paragraph on stderr; returns the paragraph."""
        exit_code, out, err = self(*arguments)
        assert (exit_code, out) == (code, "")
        assert "Traceback" not in err
        assert len(err.strip().splitlines()) == 1, err
        return err.strip()

    def json(self, *arguments: object) -> tuple[int, Any]:
        """Run a command with ``--json``; returns exit code and parsed stdout."""
        code, out, _ = self(*arguments, "--json")
        return code, json.loads(out)

    def write(self, name: str, data: str | bytes) -> Path:
        """Write a file of the working folder; returns its path."""
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def partitions(self) -> set[str]:
        """The registered partitions, read from the instance's database."""
        with sqlite3.connect(self.folder / "dagster" / "history" / "runs" / "index.db") as database:
            rows = database.execute("select partitions_def_name, partition from dynamic_partitions").fetchall()
        assert {definition for definition, _ in rows} <= {"batches"}
        return {partition for _, partition in rows}

    def manifests(self) -> dict[str, bytes]:
        keys = [info.key for info in self.store.list("manifests/")]
        return {key.removeprefix("manifests/"): self.store.read(key) for key in keys}


def write_results(store: LocalStore, batch: str = "b") -> None:
    """Write the index and the delivered files of a run: ``one`` is ok, ``two`` is rejected."""
    ok = IndexRow(
        id="one",
        text="Hello.",
        spoken_text="hello.",
        voice="f2",
        model="demo",
        status="ok",
        key=KEY,
        clip=CLIP,
        audio_seconds=1.25,
        seed=7,
        attempts=1,
        clip_bytes=999,
        quality={"duration_ratio": 1.04},
    )
    rejected = IndexRow(
        "two", "", voice="m1", status="rejected", reason="row 2: The text is empty.", columns={"note": "x"}
    )
    write_index(store, batch, [ok, rejected])
    store.write(f"batches/{batch}/audio/one.wav", b"RIFF")
    store.write(f"batches/{batch}/report.html", b"<!doctype html>")
