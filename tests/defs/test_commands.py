"""The checks of commands that run assets in their own process: mistakes end with a sentence, before the run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from f5_pipeline.defs.code_location import define
from f5_pipeline.defs.commands import check_command
from f5_pipeline.defs.failures import batch_names
from f5_pipeline.defs.instance.instance import using_instance
from f5_pipeline.errors import BatchNotNamed
from tests.defs.conftest import Project
from tests.paths import ROOT

EXECUTE = ("dagster", "job", "execute")
MATERIALIZE = ("dagster", "asset", "materialize")
LAUNCH = ("dg", "launch")
Check = Callable[..., str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Project) -> Iterator[Path]:
    """A store with the batch ``b``, as the commands find it; the program's hook for errors is restored."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("F5_STORE", project.store.url)
    hook = sys.excepthook
    yield tmp_path / "home"
    sys.excepthook = hook


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """Check a command as it is given to click; returns "EXIT CODE: MESSAGE", or "" if the command goes on."""

    def check(names: tuple[str, ...], **params: str) -> str:
        context = click.Context(click.Group(names[0]), info_name=names[0])
        for name in names[1:]:
            context = click.Context(click.Command(name), parent=context, info_name=name)
        context.params = {"target_path": ROOT} if names == LAUNCH else {"module_name": "f5_pipeline.definitions"}
        context.params |= params
        try:
            with context:
                check_command(define())
        except SystemExit as exit:
            return f"{exit.code}: {capsys.readouterr().err.strip()}"
        return ""

    return check


def partitions() -> list[str]:
    with using_instance() as instance:
        return list(instance.get_dynamic_partitions("batches"))


@pytest.mark.parametrize(
    ("names", "params", "option"),
    [
        (EXECUTE, {"job_name": "speech_batch", "tags": ""}, """--tags '{"dagster/partition": "BATCH"}'"""),
        (MATERIALIZE, {"select": "utterances"}, "--partition BATCH"),
        (MATERIALIZE, {"select": 'key:"voice_files",+key:utterances'}, "--partition BATCH"),
        (LAUNCH, {"job": "speech_batch"}, "--partition BATCH"),
        (LAUNCH, {"assets": "group:delivery"}, "--partition BATCH"),
    ],
)
def test_a_command_without_a_batch_names_the_option(
    check: Check, names: tuple[str, ...], params: dict[str, str], option: str
) -> None:
    message = check(names, **params)
    assert message.startswith("2: The ")
    assert option in message
    assert "The store has: b." in message


@pytest.mark.parametrize(
    ("names", "params"),
    [
        (EXECUTE, {"job_name": "speech_batch", "tags": '{"dagster/partition": "nobody"}'}),
        (MATERIALIZE, {"select": "utterances", "partition": "nobody"}),
        (LAUNCH, {"job": "speech_batch", "partition": "nobody"}),
        (LAUNCH, {"assets": "delivered_audio", "partition": "nobody"}),
    ],
)
def test_an_unknown_batch_is_named_with_the_known_ones(
    check: Check, names: tuple[str, ...], params: dict[str, str]
) -> None:
    message = check(names, **params)
    assert message.startswith("1: Batch 'nobody' is not in the store")
    assert "It has: b." in message
    assert "nobody" not in partitions()


@pytest.mark.parametrize(
    ("names", "params", "expected"),
    [
        (
            EXECUTE,
            {"job_name": "speak"},
            "The job 'speak' does not exist. There are: housekeeping, setup, speech_batch",
        ),
        (MATERIALIZE, {"select": "speech"}, "'speech' is no selection: AssetKey(s) ['speech']"),
        (MATERIALIZE, {"select": "key:("}, "is no selection: Invalid selection string: key:("),
        (MATERIALIZE, {"select": "tag:none"}, "'tag:none' is no selection: it selects no asset."),
        (
            LAUNCH,
            {"assets": "voice_files", "partition": "b"},
            "--partition does not fit: the selection 'voice_files' has",
        ),
        (LAUNCH, {"job": "setup", "partition": "b"}, "--partition does not fit: the job setup has"),
    ],
)
def test_wrong_options_are_explained(
    check: Check, names: tuple[str, ...], params: dict[str, str], expected: str
) -> None:
    message = check(names, **params)
    assert message.startswith("2: ")
    assert expected in message


@pytest.mark.parametrize(
    ("names", "params"),
    [
        (EXECUTE, {"job_name": "speech_batch", "tags": '{"dagster/partition": "b"}'}),
        (EXECUTE, {"job_name": "housekeeping"}),
        (EXECUTE, {"job_name": "setup", "tags": '{"dagster/partition": "b"}'}),  # only a tag
        (EXECUTE, {}),  # Dagster asks for the job
        (MATERIALIZE, {"select": "group:setup"}),
        (("dagster", "asset", "list"), {"select": "key:("}),  # not a run
        (("other", "command"), {}),
        (EXECUTE, {"job_name": "theirs", "module_name": "their.definitions"}),  # which import ours
        (MATERIALIZE, {"select": "theirs", "module_name": "", "python_file": "theirs.py"}),
        (LAUNCH, {"assets": "theirs", "target_path": "/"}),
    ],
)
def test_other_commands_go_on(check: Check, names: tuple[str, ...], params: dict[str, str]) -> None:
    assert check(names, **params) == ""
    assert partitions() == []


@pytest.mark.parametrize(
    ("names", "params"), [(MATERIALIZE, {"select": "utterances"}), (LAUNCH, {"assets": "group:delivery"})]
)
def test_a_range_of_selected_assets_is_refused(check: Check, names: tuple[str, ...], params: dict[str, str]) -> None:
    """Dagster would refuse it with a traceback, for assets whose backfills have several runs."""
    message = check(names, **params, partition_range="a...b")
    assert message.startswith("2: --partition-range cannot be used")
    assert "f5-pipeline run" in message


def test_a_range_by_tags_needs_partitions_at_both_ends(check: Check) -> None:
    tags = '{"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "b"}'
    for known, missing in (([], "'a'"), (["a"], "'b'")):
        with using_instance() as instance:
            instance.add_dynamic_partitions("batches", known)
        message = check(EXECUTE, job_name="speech_batch", tags=tags)
        assert message.startswith("2: ")
        assert missing in message
    with using_instance() as instance:
        instance.add_dynamic_partitions("batches", ["b"])
    assert check(EXECUTE, job_name="speech_batch", tags=tags) == ""


def test_a_batch_of_the_store_is_registered_where_dagster_requires_it(check: Check) -> None:
    """A manifest that was copied into the store is run like one that was submitted."""
    assert check(MATERIALIZE, select="utterances", partition="b") == ""
    assert partitions() == ["b"]


def test_a_batch_without_a_manifest_can_be_delivered_again(check: Check, project: Project) -> None:
    with using_instance() as instance:
        instance.add_dynamic_partitions("batches", ["old"])
    assert check(LAUNCH, assets="delivered_audio", partition="old") == ""
    assert "is not in the store" in check(LAUNCH, assets="+key:delivered_audio", partition="old")


def test_a_failure_of_the_records_is_the_last_word(
    check: Check, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(EXECUTE, job_name="setup") == ""
    for error in (OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full")), KeyError("x")):
        sys.excepthook(type(error), error, None)
    full, other = capsys.readouterr().err.splitlines()[:2]
    assert full.startswith(f"Dagster's records in {home} cannot be used: the disk is full.")
    assert "KeyError" in other


def test_a_run_without_a_partition_fails_with_a_sentence() -> None:
    """From the UI, or through the queue."""
    context = SimpleNamespace(
        has_partition_key=False, has_partition_key_range=False, asset_key=dg.AssetKey("utterances")
    )
    with pytest.raises(BatchNotNamed, match="utterances needs a batch"):
        batch_names(context)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("program", [["-m", "dagster"], []])
def test_the_command_itself(tmp_path: Path, project: Project, program: list[str]) -> None:
    command = [sys.executable, *program] if program else [str(Path(sys.executable).with_name("dagster"))]
    done = subprocess.run(
        [*command, "job", "execute", "-m", "f5_pipeline.definitions", "-j", "speech_batch"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "The job speech_batch needs a batch, and none is named." in done.stderr.splitlines()[-1]
    assert partitions() == []
