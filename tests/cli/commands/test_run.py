"""``run``: the job ``speech_batch`` in this process, with an engine without a model."""

from __future__ import annotations

import logging

import pytest

from tests.cli.command_line import MANIFEST, CommandLine
from tests.synthesis.fake_engine import FakeEngine

pytestmark = pytest.mark.slow


def test_run_speaks_delivers_and_prints_the_locations(cli: CommandLine, engine: FakeEngine) -> None:
    cli("submit", cli.write("b.csv", MANIFEST + "bad,,f2\n"))
    code, out, err = cli("run", "b")
    assert code == 0
    summary, audio, page = out.splitlines()
    assert summary.startswith("2 ok, 0 suspect, 0 failed, 1 rejected; 2 clips spoken, 0 lines ")
    assert audio == f"Audio:  {cli.folder / 'store/batches/b/audio'}"
    assert page == f"Listen: {cli.folder / 'store/batches/b/report.html'}"
    assert f"Dagster instance: {cli.folder / 'dagster'}" in err
    assert "clips to speak: 2" in err
    assert "Traceback" not in err
    assert (cli.folder / "store/batches/b/audio/one.wav").exists()
    code, out, err = cli("run", "b")
    assert out.startswith("2 ok, 0 suspect, 0 failed, 1 rejected; 0 clips spoken, 2 lines ")
    assert "nothing to speak" in err
    assert len(engine.spoken) == 2


def test_run_is_not_failed_by_the_daemon_after_a_day(cli: CommandLine, engine: FakeEngine) -> None:
    """The daemon's default limit is a day; the run's own tag lifts it."""
    from dagster._daemon.monitoring.run_monitoring import check_run_timeout  # noqa: TID251

    from f5_pipeline.defs.instance.instance import open_instance

    cli("submit", cli.write("b.csv", MANIFEST))
    assert cli("run", "b")[0] == 0
    with open_instance() as instance:
        (record,) = instance.get_run_records()
        assert record.start_time is not None
        check_run_timeout(instance, record, logging.getLogger(), default_timeout_seconds=1e-9)
        assert [run.status.value for run in instance.get_runs()] == ["SUCCESS"]


def test_run_registers_a_manifest_that_was_copied_into_the_store(cli: CommandLine, engine: FakeEngine) -> None:
    cli.store.write("manifests/byhand.csv", MANIFEST.encode())
    assert cli("run", "byhand")[0] == 0
    assert cli.partitions() == {"byhand"}


@pytest.mark.parametrize(
    ("manifest", "toml", "fact"),
    [
        ("words\nhello\n", "", "'text'"),
        ("", "", "empty"),
        (MANIFEST.encode("utf-16"), "", "UTF-16"),
        (MANIFEST, "formt = 'mp3'", "'formt'"),
        (MANIFEST, "model = 'nobody'", "'nobody'"),
        (MANIFEST + "bad,,f2\n", "on_bad_rows = 'fail'", "row 3"),
    ],
)
def test_invalid_files_in_the_store_fail_the_run_with_one_paragraph(
    cli: CommandLine, engine: FakeEngine, manifest: str | bytes, toml: str, fact: str
) -> None:
    cli.store.write("manifests/b.csv", manifest if isinstance(manifest, bytes) else manifest.encode())
    cli.store.write("manifests/b.toml", toml.encode())
    code, out, err = cli("run", "b")
    assert (code, out) == (1, "")
    assert err.startswith("Dagster instance:")
    paragraph = err.strip().splitlines()[-1]
    assert fact in paragraph
    assert "Traceback" not in err
    assert "dagster" not in paragraph.lower().replace(str(cli.folder).lower(), "")
    assert engine.spoken == []


def test_run_reports_the_reason_when_every_line_failed(cli: CommandLine, engine: FakeEngine) -> None:
    cli("submit", cli.write("b.csv", MANIFEST))
    engine.fails = ""
    code, _, err = cli("run", "b")
    assert code == 1
    last = err.strip().splitlines()[-1]
    assert last.startswith("Batch 'b' ")
    assert "2 lines" in last
    assert [row["status"] for row in cli.json("results", "b")[1]["utterances"]] == ["failed"] * 2


@pytest.mark.parametrize(("other", "fact"), [("b", "Batch 'b' "), ("c", "(1)")])
def test_run_warns_about_other_runs_and_does_not_wait(
    cli: CommandLine, engine: FakeEngine, other: str, fact: str
) -> None:
    from f5_pipeline.defs.instance.instance import open_instance
    from tests.defs.story import add_run_in_progress

    cli("submit", cli.write("b.csv", MANIFEST))
    with open_instance() as instance:
        add_run_in_progress(instance, other)
    code, out, err = cli("run", "b")
    assert code == 0
    assert out.startswith("2 ok,")
    assert [line for line in err.splitlines() if fact in line] != []


def test_unreadable_reference_recording_rejects_its_rows(cli: CommandLine, engine: FakeEngine) -> None:
    cli.store.write("voices/broken.wav", b"RIFF and nothing else")
    cli.store.write("voices/broken.txt", b"What it should say.")
    cli("submit", cli.write("b.csv", "text,voice\nHello there.,broken\nGood morning.,f2\n"))
    code, out, err = cli("run", "b")
    assert code == 0
    assert out.startswith("1 ok, 0 suspect, 0 failed, 1 rejected; 1 clip spoken,")
    (reason,) = [line for line in err.splitlines() if "row 1: " in line]
    assert "'broken'" in reason
    cli("submit", cli.write("b.csv", "text,voice\nHello there.,broken\n"))
    code, _, err = cli("run", "b")
    assert (code, "Traceback" in err) == (1, False)
    assert "'anything_spoken'" in err.splitlines()[-1]


def test_run_speaks_several_batches_with_the_model_loaded_once(cli: CommandLine, engine: FakeEngine) -> None:
    for name in ("part1", "part2", "other"):
        cli.store.write(f"manifests/{name}.csv", f"text,voice\nThis is {name}.,f2\n".encode())
    code, out, err = cli("run", "part*", "other", "part1")
    assert code == 0
    assert len(engine.loaded) == 1
    assert [line for line in out.splitlines() if line.startswith("1 ok,")] == out.splitlines()[::3]
    assert [line for line in err.splitlines() if line.startswith("Batch ")] == [
        "Batch part1 (1 of 3)",
        "Batch part2 (2 of 3)",
        "Batch other (3 of 3)",
    ]
    assert cli.partitions() == {"part1", "part2", "other"}


def test_run_continues_after_a_batch_that_fails(cli: CommandLine, engine: FakeEngine) -> None:
    for name, column in (("a", "text"), ("b", "words"), ("c", "text")):
        cli.store.write(f"manifests/{name}.csv", f"{column},voice\nThis is {name}.,f2\n".encode())
    code, out, err = cli("run", "a", "b", "c")
    assert code == 1
    assert out.count("1 ok,") == 2
    assert err.splitlines()[-1] == "1 of 3 batches failed: b."
    assert "'text'" in err


@pytest.mark.parametrize("name", ["missing", "missing*"])
def test_run_of_a_batch_that_does_not_exist_starts_nothing(cli: CommandLine, engine: FakeEngine, name: str) -> None:
    cli.store.write("manifests/a.csv", MANIFEST.encode())
    code, out, err = cli("run", "a", name)
    assert (code, out) == (1, "")
    assert f"'{name}'" in err
    assert engine.loaded == []
