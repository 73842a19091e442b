"""``submit --dry-run``: what would be said, what would be rejected; nothing written, spoken or loaded."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.cli.main import main
from f5_pipeline.manifests.batch_files import submit_manifest
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.finished_batches import resolve, speak
from tests.material import put_voices

MANIFEST = """id,voice,text
dollars,f2,"Dr. Smith paid $5 for SQL. [pause 0.8s] [voice: m1] Really?"
plain,m1,"Just a plain line."
who,nobody,Hi.
laugh,f2,[laughs] Ha!
"""


class Folder:
    """A working folder with a store that has two voices, and the command line in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.store = LocalStore(folder / "store")
        put_voices(self.store, "f2", "m1")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        code = main(["submit", *map(str, arguments)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *arguments: object) -> tuple[int, dict[str, Any]]:
        code, out, _ = self(*arguments, "--dry-run", "--json")
        return code, json.loads(out)

    def all_files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: Path) -> Folder:
    for name in [name for name in os.environ if name.startswith(("F5_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path, capsys)


def test_each_line_is_shown_as_it_would_be_said(here: Folder) -> None:
    here.write("t.pronunciations.csv", "word,say\nSQL,sequel\n")
    code, out, err = here(here.write("t.csv", MANIFEST), "--dry-run")
    assert (code, err) == (1, "")
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[1].split(maxsplit=4)[4] == (
        "doctor smith paid five dollars for sequel. [pause 0.8s] [voice: m1] really?"
    )
    assert lines[2].strip() == "written: Dr. Smith paid $5 for SQL. [pause 0.8s] [voice: m1] Really?"
    assert lines[3].split(maxsplit=4)[4] == "just a plain line."  # as it is written: nothing below it
    assert lines[4].startswith("row 3 (who) is rejected: The voice 'nobody' is not in the store.")
    assert lines[5].startswith("row 4 (laugh) is rejected: The tag '[laughs]' is unknown")
    assert lines[6] == "2 lines, about 5 seconds of audio, 0 of them spoken already; 2 rejected. Nothing was submitted."


def test_all_of_it_as_json(here: Folder) -> None:
    code, found = here.json(here.write("t.csv", MANIFEST), "--batch", "other")
    assert code == 1
    assert found["batch"] == "other"
    assert found["totals"] == {"lines": 2, "rejected": 2, "audio_seconds": 5.2, "cached": 0}
    first = found["lines"][0]
    assert first | {"seconds": None} == {
        "row": 1,
        "id": "dollars",
        "voice": "f2",
        "model": "demo",
        "language": "en",
        "section": None,
        "text": "Dr. Smith paid $5 for SQL. [pause 0.8s] [voice: m1] Really?",
        "spoken_text": "doctor smith paid five dollars for s q l. [pause 0.8s] [voice: m1] really?",
        "seconds": None,
        "cached": False,
    }
    assert 3 < first["seconds"] < 4.5
    assert [(row["row"], row["id"]) for row in found["rejected"]] == [(3, "who"), (4, "laugh")]


def test_nothing_is_written_and_good_rows_are_no_failure(here: Folder) -> None:
    path = here.write("t.csv", MANIFEST[: MANIFEST.index("who")])
    before = here.all_files()
    code, out, _ = here(path, "--dry-run")
    assert code == 0
    assert "0 rejected" in out
    assert here.all_files() == before


def test_lines_that_were_spoken_are_counted(here: Folder, cache: Path) -> None:
    path = here.write("t.csv", MANIFEST)
    settings = Settings(store=here.store.url, cache=cache)
    submit_manifest(here.store, path)
    resolve(here.store, settings, "t")
    speak(here.store, settings, "t")
    _, found = here.json(here.write("t.csv", MANIFEST.replace("plain line", "plainer line")))
    assert [line["cached"] for line in found["lines"]] == [True, False]
    assert found["totals"]["cached"] == 1


def test_without_the_models_files_nothing_is_known_of_clips_and_nothing_downloaded(
    here: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F5_MODEL", "F5TTS_v1_Base")
    monkeypatch.setenv("F5_CACHE", str(here.folder / "cache"))
    code, out, _ = here(here.write("t.csv", MANIFEST), "--dry-run")
    assert code == 1
    assert "spoken already" not in out
    _, found = here.json(here.folder / "t.csv")
    assert [line["cached"] for line in found["lines"]] == [None, None]
    assert not list((here.folder / "cache").rglob("*.safetensors"))


def test_what_only_the_recording_shows_is_found_too(here: Folder) -> None:
    here.store.write("voices/m1.wav", b"no recording")
    _, found = here.json(here.write("t.csv", MANIFEST))
    assert found["lines"] == []
    assert [row["row"] for row in found["rejected"]] == [1, 2, 3, 4]
    assert found["rejected"][0]["reason"].startswith("voice 'm1' cannot be used")
    _, out, _ = here(here.folder / "t.csv", "--dry-run")
    assert out.startswith("row 1 (dollars) is rejected")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("t.csv", "words\nHi\n", "Manifest t.csv has no column 'text'"),
        ("t.toml", "sped = 1\n", "t.toml, setting 'sped' is not a setting. Did you mean 'speed'?"),
        ("t.pronunciations.csv", "word,say\nSQL,\n", "Pronunciations t.pronunciations.csv has no say in line 2"),
        ("store/pronunciations.csv", "word\nSQL\n", "pronunciations.csv has other columns than a dictionary"),
    ],
)
def test_files_that_cannot_be_read_are_named(here: Folder, name: str, text: str, says: str) -> None:
    here.write("t.csv", MANIFEST)
    here.write(name, text)
    code, out, err = here("t.csv", "--dry-run")
    assert (code, out) == (1, "")
    assert says in err
    assert len(err.strip().splitlines()) == 1


def test_bad_rows_that_are_to_stop_the_batch_are_listed_all_the_same(here: Folder) -> None:
    here.write("t.toml", 'on_bad_rows = "fail"\n')
    code, found = here.json(here.write("t.csv", MANIFEST))
    assert (code, len(found["rejected"])) == (1, 2)


def test_json_is_for_dry_runs_only(here: Folder) -> None:
    code, out, err = here(here.write("t.csv", MANIFEST), "--json")
    assert (code, out) == (2, "")
    assert "--dry-run" in err
    assert [info.key for info in here.store.list("manifests/")] == []


def test_five_thousand_lines_are_cut_on_a_terminal_and_nowhere_else(here: Folder) -> None:
    row = "f2,Line number {} of them.\n"
    here.write("some.csv", "voice,text\n" + "".join(map(row.format, range(100))) + "nobody,Hi.\n" * 50)
    assert len(here("some.csv", "--dry-run")[1].splitlines()) == 1 + 2 * 100 + 50 + 1
    here.write("big.csv", "voice,text\n" + "".join(map(row.format, range(4_990))) + "nobody,Hi.\n" * 60)
    assert len(here.json("big.csv")[1]["lines"]) == 4_990
    shown = on_a_terminal(here.folder, "submit", "big.csv", "--dry-run")
    assert "… and 4950 more lines: all of them with --json" in shown
    assert "… and 20 more rejected rows: all of them with --json" in shown
    assert len(shown.splitlines()) < 250
    assert "4990 lines, about " in shown


def on_a_terminal(folder: Path, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "f5_pipeline.cli.main", *arguments], cwd=folder, stdout=theirs)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # the other end was closed
            break
        said += part
        if not part:
            break
    process.wait()
    os.close(ours)
    return said.decode()


def test_hostile_texts_reach_no_terminal(here: Folder) -> None:
    _, out, _ = here(here.write("t.csv", 'id,voice,text\na,f2,"\x1b[31mred\x1b[0m \u202e[[bold]]"\n'), "--dry-run")
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_it_needs_neither_torch_nor_dagster(here: Folder) -> None:
    here.write("t.csv", MANIFEST)
    code = (
        "import sys; from f5_pipeline.cli.main import main; code = main(['submit', 't.csv', '--dry-run']);"
        "assert not {'torch', 'f5_tts', 'dagster'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=here.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
