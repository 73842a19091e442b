"""``ui`` and ``files`` as processes: what they print and serve, and that nothing is left when they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from f5_pipeline.cli.commands.ui import _serving_files
from f5_pipeline.errors import UiFailed
from f5_pipeline.server.dagster_ui import DagsterUi
from f5_pipeline.server.listen import bind
from f5_pipeline.settings.environment import Settings
from tests.cli.command_line import CommandLine
from tests.paths import ROOT
from tests.running import with_variable

_MARK = "F5_TEST_OF_UI"  # an environment variable of all processes of a test


@contextmanager
def _started(cli: CommandLine, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command in a process group of its own, as a shell starts it; all of its processes end with the block."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), _MARK: str(cli.folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "f5_pipeline.cli", *arguments],
        cwd=cli.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for each in with_variable(_MARK, cli.folder):
            each.kill()
        process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "Ctrl-C ends it" in line, process.communicate()
    return next(word for word in line.split() if word.startswith("http")).rstrip(".")


def _interrupted(process: subprocess.Popen[str]) -> Sequence[str]:
    """The lines of stderr after Ctrl-C, which a terminal sends to the whole group."""
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (0, "")
    return err.splitlines()


def _page(cli: CommandLine) -> None:
    cli.store.write("manifests/b.csv", b"id,voice,text\none,f2,It rained.\n")
    cli.store.write("batches/b/report.html", b"<html><head><title>b</title></head></html>")


@pytest.mark.slow
def test_ui_starts_dagster_and_serves_the_pages_and_ends_with_one_sentence(cli: CommandLine) -> None:
    _page(cli)
    with _started(cli, "ui", "--port", "0", "--files-port", "0") as process:
        address = _address(process)
        query = {"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { pipelines { name } } } } }"}
        answer = requests.post(f"{address}/graphql", json=query, timeout=100).json()
        [repository] = answer["data"]["repositoriesOrError"]["nodes"]
        assert "speech_batch" in [job["name"] for job in repository["pipelines"]]
        [pages] = {each["F5_STORE_PAGES"] for each in _environments(cli) if "F5_STORE_PAGES" in each}
        assert "f5-decisions" in requests.get(f"{pages}/batches/b/report.html", timeout=10).text
        assert len(with_variable(_MARK, cli.folder)) > 3  # this one, the web server, the daemon, the code server
        starting, sentence = _interrupted(process)
        assert starting == "Starting …"
        assert sentence.startswith("The UI has ended.")
        assert with_variable(_MARK, cli.folder) == []


def _environments(cli: CommandLine) -> list[dict[str, str]]:
    return [each.environ() for each in with_variable(_MARK, cli.folder)]


@pytest.mark.slow
def test_files_serves_the_pages_alone(cli: CommandLine) -> None:
    _page(cli)
    with _started(cli, "files", "--port", "0") as process:
        address = _address(process)
        assert "f5-decisions" in requests.get(f"{address}/batches/b/report.html", timeout=10).text
        assert requests.get(address, headers={"Host": "evil.example"}, timeout=10).status_code == 400
        assert _interrupted(process) == []


def test_a_dagster_that_ends_is_one_sentence(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        dagster = DagsterUi(process, "http://127.0.0.1:1", tmp_path / "ui.log")
        with pytest.raises(UiFailed, match=r"did not start\. Its messages are in .*ui\.log"):
            dagster.wait_until_ready()
        with pytest.raises(UiFailed, match="ended by itself with exit code 3"):
            dagster.wait()


def test_ui_with_unusable_records_is_one_sentence(cli: CommandLine) -> None:
    (cli.folder / "dagster" / "dagster.yaml").write_text("telemetry: [\n")
    code, out, err = cli("ui", "--port", "0", "--files-port", "0")
    assert (code, out) == (1, "")
    assert "dagster.yaml is not valid" in err.splitlines()[0]


@pytest.mark.parametrize("command", [("ui", "--port"), ("ui", "--files-port"), ("files", "--port")])
def test_a_busy_port_is_one_sentence(cli: CommandLine, command: tuple[str, str]) -> None:
    name, option = command
    with bind("127.0.0.1", 0, option) as busy, bind("127.0.0.1", 0, option) as free:
        port, other = busy.getsockname()[1], free.getsockname()[1]
        free.close()
        others = ("--port", str(other)) if option == "--files-port" else ()
        code, out, err = cli(name, option, str(port), *others)
    assert (code, out) == (2, "")
    [sentence] = err.splitlines()
    assert sentence.startswith(f"The address 127.0.0.1:{port} is used by another program. End that program, or")
    assert f"{option} " in sentence


def test_a_file_server_that_others_can_reach_has_the_name_of_its_setting(cli: CommandLine) -> None:
    """Behind a proxy, browsers name the host of F5_STORE_PAGES."""
    settings = Settings(store_pages="https://audio.example.org/f5")
    with _serving_files(settings, cli.store, "0.0.0.0", 0, "--port") as address:
        hosts = ("audio.example.org", "127.0.0.1", "evil.example")
        answers = [requests.get(address, headers={"Host": host}, timeout=10).status_code for host in hosts]
    assert answers == [200, 200, 400]
