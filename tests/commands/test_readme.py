"""The commands of the README in processes of their own, with the embedded model; crashes and concurrent runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.local import LocalStore
from tests.material import WORDS, put_voices
from tests.paths import ROOT

pytestmark = pytest.mark.slow

DAGSTER = [".venv/bin/dagster", "job", "execute", "-m", "f5_pipeline.definitions", "-j", "speech_batch", "--tags"]
FEW_STEPS = "nfe_step = 5\nmax_attempts = 1\n"


class Machine:
    """A working folder outside the checkout, with its own store and state folder; DAGSTER_HOME is not set."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.folder, self.state = root / "work", root / "state"
        self.folder.mkdir()
        (self.folder / ".venv").symlink_to(sys.prefix)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("F5_", "DAGSTER_", "XDG_"))}
        self._environment = {
            **kept,
            "F5_CACHE": str(cache),
            "XDG_STATE_HOME": str(self.state),
            "PYTHONWARNINGS": "ignore",
        }
        self.store = LocalStore(self.folder / "store")
        put_voices(self.store, "f2", "f5", "m1", "m3")

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in its own process group, so that it can be killed with its children."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str) -> tuple[str, str]:
        """Run a command that must succeed; returns stdout and stderr."""
        process = self.start(*command)
        out, err = process.communicate()
        assert process.returncode == 0, err
        assert "Traceback" not in err
        return out, err

    def manifest(self, batch: str, lines: list[str], toml: str) -> None:
        """Write a batch into the store without ``submit``."""
        rows = "".join(f"{number:02},{line},{('f2', 'm1')[number % 2]}\n" for number, line in enumerate(lines))
        self.store.write(f"manifests/{batch}.csv", f"id,text,voice\n{rows}".encode())
        self.store.write(f"manifests/{batch}.toml", toml.encode())

    def clips(self) -> dict[str, int]:
        """The modification time in nanoseconds of each clip, by key."""
        folder = self.folder / "store" / "clips"
        return {path.stem: path.stat().st_mtime_ns for path in folder.glob("??/*.flac") if path.name[0] != "."}


@pytest.fixture
def machine(tmp_path: Path, cache: Path) -> Machine:
    return Machine(tmp_path, cache)


def execute(batch: str) -> list[str]:
    return [*DAGSTER, json.dumps({"dagster/partition": batch})]


def assert_audible(store: LocalStore, key: str) -> None:
    """The clip can be decoded, is not silent, and does not clip."""
    samples = ClipStore(store).load(key).samples
    assert samples.size > 12_000
    assert float(np.sqrt(np.mean(np.square(samples)))) > 0.01
    assert np.mean(np.abs(samples) > 0.999) < 0.001


# --- the README -----------------------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in one language, dedented."""
    found = re.findall(rf"^[ \t]*```{language}\n(.*?)^[ \t]*```", (ROOT / "README.md").read_text(), re.M | re.S)
    return [textwrap.dedent(block) for block in found]


def commands() -> list[list[str]]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def test_readme_commands_in_order(machine: Machine) -> None:
    """All commands but ``make`` and the UI, with the README's manifest, in a folder like a checkout."""
    shutil.copy(ROOT / "dagster.yaml", machine.folder)
    (manifest,) = blocks("csv")
    (machine.folder / "chapter1.csv").write_text(manifest)
    runnable = [command for command in commands() if command[0] != "make" and command[-1] != "ui"]
    assert [command[:2] for command in runnable] == [
        *([".venv/bin/f5-pipeline", name] for name in ("submit", "run", "list", "results", "fetch")),
        [".venv/bin/dagster", "job"],
    ]
    submit, run, list_batches, results, fetch, job = runnable
    assert job == execute("chapter1")

    assert "Batch 'chapter1'" in machine.run(*submit)[0]
    assert machine.clips() == {}
    out, err = machine.run(*run)
    assert out.startswith("2 ok, 0 suspect, 0 failed, 0 rejected; 2 clips spoken, ")
    assert f"Dagster instance: {machine.folder / '.dagster'}" in err
    assert "spoken" in machine.run(*list_batches)[0]
    assert "ok" in machine.run(*results)[0]
    machine.run(*fetch)
    assert {path.name for path in (machine.folder / "out" / "audio").iterdir()} == {"greeting.wav", "question.wav"}
    assert (machine.folder / "out" / "report.html").is_file()

    before = machine.clips()
    for key in before:
        assert_audible(machine.store, key)
    _, err = machine.run(*job)
    assert re.search(r"\blines: 2\b", err, re.I)
    assert machine.clips() == before
    assert "DAGSTER_HOME is not set" not in err
    assert not machine.state.exists()
    assert not list(machine.folder.glob(".tmp_dagster_home_*"))


def test_make_targets_of_the_readme_exist() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    used = [command[1] for command in commands() if command[0] == "make"]
    assert {"demo", "test"} <= set(used) <= set(targets)
    assert [".venv/bin/f5-pipeline", "ui"] in commands()
    assert (ROOT / "workspace.yaml").is_file()


def test_make_demo_runs_the_job_of_the_readme() -> None:
    recipe = re.search(r"^demo:.*?\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)
    assert recipe is not None
    words = shlex.split(recipe[1].replace("\\\n", " ").replace("$(BIN)", ".venv/bin"))
    assert execute("demo") == words[words.index(".venv/bin/dagster") :][: len(execute("demo"))]


# --- crashes and concurrent runs --------------------------------------------------------------------------------------


def test_run_after_a_kill_speaks_only_the_missing_clips(machine: Machine) -> None:
    lines = [
        f"the {WORDS[n % len(WORDS)]} and the {WORDS[(n * 7 + n // len(WORDS) + 3) % len(WORDS)]}." for n in range(24)
    ]
    assert len(set(lines)) == 24
    path = machine.folder / "lines.csv"
    path.write_text("text,voice\n" + "".join(f"{line},{('f2', 'm1')[n % 2]}\n" for n, line in enumerate(lines)))
    path.with_suffix(".toml").write_text(FEW_STEPS)
    machine.run(".venv/bin/f5-pipeline", "submit", "lines.csv")
    process = machine.start(*execute("lines"))
    while len(machine.clips()) < 5:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    survived = machine.clips()
    assert 5 <= len(survived) < 24
    assert machine.store.stat("batches/lines/index.parquet") is None

    _, err = machine.run(*execute("lines"))
    after = machine.clips()
    assert len(after) == 24
    assert survived.items() <= after.items()  # same modification times: not spoken again
    assert re.search(rf"lines: 24\D+\b{24 - len(survived)}\b", err, re.I)
    assert str(machine.state / "f5-pipeline" / "dagster") in err
    assert {path.name for path in machine.folder.iterdir()} == {".venv", "store", "lines.csv", "lines.toml"}
    rows = read_index(machine.store, "lines") or []
    assert [row.text for row in rows] == lines
    assert {row.key for row in rows} == set(after)
    assert {row.key for row in rows if row.cached} == set(survived)
    assert {row.status for row in rows} <= {"ok", "suspect"}
    for key in after:
        assert_audible(machine.store, key)
    assert len(list((machine.folder / "store/batches/lines/audio").glob("*.wav"))) == 24
    assert clean(machine.store, []).clips == 0
    assert machine.clips() == after
    assert not [path for path in (machine.folder / "store").rglob(".*") if path.is_file()]


def test_two_concurrent_runs_of_a_batch_succeed(machine: Machine) -> None:
    lines = [f"here is the {word} and there is the {WORDS[-n]}." for n, word in enumerate(WORDS[:8], start=1)]
    machine.manifest("twice", lines, FEW_STEPS)
    both = [machine.start(".venv/bin/f5-pipeline", "run", "twice") for _ in range(2)]
    output = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], output
    assert all("0 failed, 0 rejected" in out for out, _ in output)
    clips = machine.clips()
    rows = read_index(machine.store, "twice") or []
    assert {row.key for row in rows} == set(clips)
    assert len(rows) == len(clips) == 8
    for key in clips:
        assert_audible(machine.store, key)
