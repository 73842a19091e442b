"""The command line as a whole: usage, errors in one paragraph, settings, and read-only commands without Dagster."""

from __future__ import annotations

import subprocess
import sys

import pytest

from f5_pipeline.results.index import IndexRow, write_index
from tests.cli.command_line import MANIFEST, CommandLine, write_results

# --- usage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [(), ("sing",), ("submit",), ("run",), ("results",), ("fetch", "b"), ("voices", "--loud"), ("run", "b", "c")],
)
def test_wrong_usage_is_exit_code_2(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("usage: f5-pipeline")
    assert "Traceback" not in err


def test_help_lists_the_commands(cli: CommandLine) -> None:
    code, out, _ = cli("--help")
    assert code == 0
    for command in ("submit", "run", "results", "report", "fetch", "voices", "doctor", "clean", "mirror"):
        assert f"    {command} " in out


# --- errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [("run", "nope"), ("results", "nope"), ("report", "nope"), ("fetch", "nope", "out")]
)
def test_unknown_batch_error_lists_the_known_batches(cli: CommandLine, command: tuple[str, ...]) -> None:
    cli.store.write("manifests/chapter1.csv", MANIFEST.encode())
    error = cli.fails(*command)
    assert "'nope'" in error
    assert "chapter1" in error
    assert "f5-pipeline submit" in error
    assert not (cli.folder / "out").exists()


@pytest.mark.parametrize("command", [("run",), ("results",), ("fetch",), ("submit", "x.csv", "--batch")])
@pytest.mark.parametrize(
    "batch", ["../evil", "/etc/passwd", "a/b", ".hidden", "", "a b", "x" * 129, "naïve", "\x1b[31m"]
)
def test_hostile_batch_names_are_refused(cli: CommandLine, command: tuple[str, ...], batch: str) -> None:
    cli.write("x.csv", MANIFEST)
    before = cli.files()
    error = cli.fails(*command, batch, *(["out"] if command == ("fetch",) else []))
    assert repr(batch[:80]) in error
    assert "\x1b" not in error
    assert cli.files() == before


def test_unknown_model_error_lists_the_catalogue(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_MODEL", "loud")
    for command, name in ((("voices",), "loud"), (("mirror", "quiet"), "quiet")):
        error = cli.fails(*command)
        assert name in error
        assert "demo" in error


def test_interruption_is_exit_code_130(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("f5_pipeline.results.lookup.batch_results", interrupt)
    assert "Interrupted" in cli.fails("results", "b", code=130)


@pytest.mark.slow
def test_closed_stdout_is_no_error(cli: CommandLine) -> None:
    write_index(cli.store, "b", [IndexRow(f"line-{n}", "x", "words " * 9, "f2") for n in range(1000)])
    command = f"{sys.executable} -m f5_pipeline.cli.main results b; echo code $? >&2"
    done = subprocess.run(["bash", "-c", f"({command}) | head -1"], capture_output=True, text=True, check=False)
    assert done.stdout.split()[0] == "id"
    assert done.stderr == "code 0\n"


# --- settings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("F5_DEVICE", "tpu"),
        ("F5_ATTENTION", "flash"),
        ("F5_BATCH_SECONDS", "many"),
        ("F5_BATCH_SECONDS", "-1"),
        ("F5_STORE", "ftp://there/is/none"),
        ("F5_MODELS", "/nowhere/models.toml"),
        ("F5_PRECISION", "int8"),
    ],
)
def test_invalid_variable_error_names_variable_and_value(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    error = cli.fails("voices")
    assert variable in error
    assert value in error


def test_misspelt_variable_error_suggests_the_right_name(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_DEVCE", "cpu")
    error = cli.fails("voices")
    assert "F5_DEVCE" in error
    assert "F5_DEVICE" in error


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "with byte-order mark"])
def test_dot_env_sets_variables(cli: CommandLine, monkeypatch: pytest.MonkeyPatch, start: str) -> None:
    cli.write(".env", f"{start}F5_DEVICE=tpu\n")
    forget_afterwards(monkeypatch, "F5_DEVICE")
    assert "'tpu'" in cli.fails("voices")


@pytest.mark.parametrize("data", ["F5_DEVICE=cpu\n".encode("utf-16"), b"F5_DEVICE=\xff\n", b"F5_MODEL=a\0b\n"])
def test_binary_dot_env_is_refused(cli: CommandLine, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_afterwards(monkeypatch, "F5_MODEL")
    cli.write(".env", data)
    error = cli.fails("voices")
    assert ".env" in error
    assert "UTF-8" in error


def forget_afterwards(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Unset a variable now, and after the test, although ``load_settings`` copies it from ``.env`` meanwhile."""
    monkeypatch.setenv(name, "")
    monkeypatch.delenv(name)


def test_store_that_is_a_file_is_refused(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_STORE", str(cli.write("file", "")))
    for command in (("voices",), ("results", "b"), ("submit", cli.write("x.csv", MANIFEST))):
        assert "F5_STORE" in cli.fails(*command)


# --- without torch, f5_tts and dagster ------------------------------------------------------------------------

_WITHOUT_HEAVY_PACKAGES = """
import importlib.abc, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "torchaudio", "f5_tts", "vocos", "dagster", "boto3"):
            raise ImportError(f"{name} was imported")

sys.meta_path.insert(0, Blocker())
from f5_pipeline.cli.main import main
sys.exit(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["results", "b", "--json"], 0, '"status": "ok"'),
        (["results", "b"], 0, "2 utterances"),
        (["fetch", "b", "out"], 0, "files copied to out"),
        (["voices"], 0, "every morning"),
        (["clean", "--dry-run"], 0, "Would remove"),
        (["submit", "rejected.csv", "--dry-run"], 1, "nobody"),
    ],
)
def test_read_only_commands_import_neither_torch_nor_dagster(
    cli: CommandLine, arguments: list[str], code: int, expected: str
) -> None:
    """So a look-up cannot start a synthesis."""
    write_results(cli.store)
    cli.write("rejected.csv", "text,voice\nHi.,nobody\n")
    command = [sys.executable, "-c", _WITHOUT_HEAVY_PACKAGES, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    assert expected in done.stdout
