"""The command line as a whole: usage, errors in one paragraph, settings, and read-only commands without Dagster."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from itertools import takewhile

import pytest

from f5_pipeline.cli.main import cli as group
from f5_pipeline.cli.terminal import COMMANDS
from f5_pipeline.results.index import IndexRow, write_index
from tests.cli.command_line import MANIFEST, CommandLine, write_results

# --- usage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        *(("sing",), ("--loud",), ("submit",), ("run",), ("results",), ("fetch", "b"), ("voices", "--loud")),
        *(("report", "b", "page.html", "--publish"), ("submit", "b.csv", "--json"), ("list", "b")),
    ],
)
def test_wrong_usage_is_exit_code_2(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    (paragraph,) = err.splitlines()
    assert "Usage: f5-pipeline" in paragraph


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_lists_the_commands(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    code, out, err = cli(*arguments)
    assert (code, err) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_that_can_be_parsed(cli: CommandLine, command: str) -> None:
    assert tuple(group.commands) == COMMANDS
    code, out, _ = cli(command, "--help")
    examples = [line.split() for line in out.partition("Examples:\n")[2].splitlines()]
    assert code == 0
    assert examples
    for program, name, *arguments in examples:
        assert (program, name) == ("f5-pipeline", command)
        words = list(takewhile(lambda word: not word.startswith(">"), arguments))
        group.commands[command].make_context(command, words)


def test_version(cli: CommandLine) -> None:
    assert cli("--version") == (0, f"f5-pipeline {version('f5-pipeline')}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_batches(cli: CommandLine, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "_F5_PIPELINE_COMPLETE" in cli("completion", shell)[1]
    cli.store.write("manifests/chapter1.csv", MANIFEST.encode())
    monkeypatch.setenv("_F5_PIPELINE_COMPLETE", "bash_complete")
    for words, expected in (("f5-pipeline resu", "plain,results"), ("f5-pipeline run ch", "plain,chapter1")):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        assert cli()[1].split() == [expected]


@pytest.mark.slow
def test_bash_completes_with_the_script(cli: CommandLine) -> None:
    for batch in ("chapter1", "chapter2"):
        cli.store.write(f"manifests/{batch}.csv", MANIFEST.encode())
    cli.write("completion.bash", cli("completion", "bash")[1])
    script = """
        source completion.bash
        complete -p f5-pipeline
        for words in "f5-pipeline resu" "f5-pipeline run ch" "f5-pipeline submit --dr" "f5-pipeline completion z"; do
            COMPREPLY=() COMP_WORDS=($words) COMP_CWORD=$(( $(wc -w <<< "$words") - 1 ))
            _f5_pipeline_completion f5-pipeline
            echo "${COMPREPLY[@]}"
        done
    """
    programs = cli.folder / "bin"
    programs.mkdir()
    (programs / "f5-pipeline").write_text(
        f"#!{sys.executable}\nimport sys; from f5_pipeline.cli.main import main; sys.exit(main())\n"
    )
    (programs / "f5-pipeline").chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, env=environment)
    registered, *completed = done.stdout.splitlines()
    assert registered.endswith(" f5-pipeline"), done.stderr
    assert completed == ["results", "chapter1 chapter2", "--dry-run", "zsh"]


@pytest.mark.slow
def test_hints_can_be_copied_however_the_command_was_started(cli: CommandLine) -> None:
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    script = cli.folder / "bin" / "f5-pipeline"
    script.parent.mkdir()
    script.write_text("import sys; from f5_pipeline.cli.main import main; sys.exit(main())")
    for command, started in (
        ([sys.executable, str(script)], "bin/f5-pipeline"),
        ([sys.executable, "-m", "f5_pipeline.cli"], f"{sys.executable} -m f5_pipeline.cli"),
    ):
        done = subprocess.run([*command, "run", "b"], capture_output=True, text=True, check=False, env=environment)
        assert f": {started} submit " in done.stderr


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


@pytest.mark.parametrize("pattern", ["nope*", "[", "../*", "chapter?"])
def test_a_pattern_that_no_batch_matches(cli: CommandLine, pattern: str) -> None:
    cli.store.write("manifests/chapter10.csv", MANIFEST.encode())
    error = cli.fails("run", pattern)
    assert error.startswith(f"Pattern {pattern!r} matches no batch in the store")
    assert "chapter10" in error


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
