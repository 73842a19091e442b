"""``submit --dry-run``: the lines to speak and the rejected rows; nothing is written, spoken or loaded."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from f5_pipeline.manifests.batch_files import submit_manifest
from f5_pipeline.settings.environment import Settings
from tests.cli.command_line import CommandLine
from tests.finished_batches import resolve, speak

MANIFEST = """id,voice,text
dollars,f2,"Dr. Smith paid $5 for SQL. [pause 0.8s] [voice: m1] Really?"
plain,m1,"Just a plain line."
who,nobody,Hi.
laugh,f2,[pasue 2] Ha!
"""


def test_table_shows_spoken_texts_and_rejected_rows(cli: CommandLine) -> None:
    cli.write("t.pronunciations.csv", "word,say\nSQL,sequel\n")
    code, out, err = cli("submit", cli.write("t.csv", MANIFEST), "--dry-run")
    assert (code, err) == (1, "")
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[1].split(maxsplit=5)[5] == (
        "doctor smith paid five dollars for sequel. [pause 0.8s] [voice: m1] really?"
    )
    assert lines[2].strip() == "written: Dr. Smith paid $5 for SQL. [pause 0.8s] [voice: m1] Really?"
    assert lines[3].split(maxsplit=5)[5] == "just a plain line."  # spoken as written, so nothing below it
    assert lines[4].startswith("row 3 (who) is rejected: ")
    assert "'nobody'" in lines[4]
    assert lines[5].startswith("row 4 (laugh) is rejected: ")
    assert "'[pasue 2]'" in lines[5]
    assert lines[6] == "Languages: en (script Latin): 2."
    assert lines[7].startswith("2 lines, about 5 seconds of audio, 0 of them spoken already; 2 rejected.")


def test_notes_are_below_their_line_and_counted(cli: CommandLine) -> None:
    cli.write("t.toml", 'unsayable = "drop"')
    _, out, _ = cli("submit", cli.write("t.csv", "voice,text\nf2,Fine 😀.\nm1,Fine.\n"), "--dry-run")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[3] == "note: Dropped '😀' (U+1F600 GRINNING FACE): the model cannot say it."
    assert lines[5] == "Languages: en (script Latin): 2. Lines with notes: 1."


def test_json_has_lines_rejected_rows_and_totals(cli: CommandLine) -> None:
    code, preview = cli.json("submit", cli.write("t.csv", MANIFEST), "--dry-run", "--batch", "other")
    assert code == 1
    assert preview["batch"] == "other"
    assert preview["totals"] == {"lines": 2, "rejected": 2, "audio_seconds": 5.2, "cached": 0}
    first = preview["lines"][0]
    assert 3 < first.pop("seconds") < 4.5
    assert first == {
        "row": 1,
        "id": "dollars",
        "voice": "f2",
        "model": "demo",
        "language": "en",
        "language_source": "script Latin",
        "section": None,
        "text": "Dr. Smith paid $5 for SQL. [pause 0.8s] [voice: m1] Really?",
        "spoken_text": "doctor smith paid five dollars for s q l. [pause 0.8s] [voice: m1] really?",
        "cached": False,
        "notes": [],
    }
    assert [(row["row"], row["id"]) for row in preview["rejected"]] == [(3, "who"), (4, "laugh")]


def test_texts_that_are_too_long_for_their_time_are_named(cli: CommandLine) -> None:
    times = ("00:00:01,000 --> 00:00:01,400", "00:00:01,500 --> 00:00:02,000", "00:00:09,000 --> 00:00:10,000")
    cues = "".join(f"{number}\n{time}\nThe long way round.\n\n" for number, time in enumerate(times, start=1))
    cli.write("t.toml", 'voice = "f2"\n')
    code, preview = cli.json("submit", cli.write("t.srt", cues), "--dry-run")
    assert code == 0
    (warning,) = preview["warnings"]
    assert re.fullmatch(r"Texts that are too long for .*; shorten them: row 1 by 0\.\d s\.", warning)


def test_dry_run_writes_nothing_and_exits_0_without_rejected_rows(cli: CommandLine) -> None:
    path = cli.write("t.csv", MANIFEST[: MANIFEST.index("who")])
    before = cli.files()
    code, out, _ = cli("submit", path, "--dry-run")
    assert code == 0
    assert "0 rejected" in out
    assert cli.files() == before


def test_lines_with_a_stored_clip_are_counted(cli: CommandLine, cache: Path) -> None:
    settings = Settings(store=cli.store.url, cache=cache)
    submit_manifest(cli.store, cli.write("t.csv", MANIFEST))
    resolve(cli.store, settings, "t")
    speak(cli.store, settings, "t")
    _, preview = cli.json("submit", cli.write("t.csv", MANIFEST.replace("plain line", "plainer line")), "--dry-run")
    assert [line["cached"] for line in preview["lines"]] == [True, False]
    assert preview["totals"]["cached"] == 1


def test_without_the_models_files_cached_is_unknown_and_nothing_is_downloaded(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("F5_MODEL", "F5TTS_v1_Base")
    monkeypatch.setenv("F5_CACHE", str(cli.folder / "cache"))
    code, out, _ = cli("submit", cli.write("t.csv", MANIFEST), "--dry-run")
    assert code == 1
    assert "spoken already" not in out
    _, preview = cli.json("submit", "t.csv", "--dry-run")
    assert [line["cached"] for line in preview["lines"]] == [None, None]
    assert not list((cli.folder / "cache").rglob("*.safetensors"))


def test_unreadable_recording_rejects_its_rows(cli: CommandLine) -> None:
    cli.store.write("voices/m1.wav", b"no recording")
    _, preview = cli.json("submit", cli.write("t.csv", MANIFEST), "--dry-run")
    assert preview["lines"] == []
    assert [row["row"] for row in preview["rejected"]] == [1, 2, 3, 4]
    assert "'m1'" in preview["rejected"][0]["reason"]
    assert cli("submit", "t.csv", "--dry-run")[1].startswith("row 1 (dollars) is rejected")


@pytest.mark.parametrize(
    ("name", "text", "facts"),
    [
        ("t.csv", "words\nHi\n", ["'text'"]),
        ("t.toml", "sped = 1\n", ["'sped'", "'speed'"]),
        ("t.pronunciations.csv", "word,say\nSQL\n", ["say", "line 2"]),
        ("store/pronunciations.csv", "word\nSQL\n", ["pronunciations.csv"]),
    ],
)
def test_unreadable_files_are_named(cli: CommandLine, name: str, text: str, facts: list[str]) -> None:
    cli.write("t.csv", MANIFEST)
    cli.write(name, text)
    error = cli.fails("submit", "t.csv", "--dry-run")
    assert [fact for fact in (Path(name).name, *facts) if fact not in error] == []


def test_rejected_rows_are_listed_even_if_the_batch_stops_at_them(cli: CommandLine) -> None:
    cli.write("t.toml", 'on_bad_rows = "fail"\n')
    code, preview = cli.json("submit", cli.write("t.csv", MANIFEST), "--dry-run")
    assert (code, len(preview["rejected"])) == (1, 2)


def test_json_needs_dry_run(cli: CommandLine) -> None:
    assert "--dry-run" in cli.fails("submit", cli.write("t.csv", MANIFEST), "--json", code=2)
    assert cli.manifests() == {}


@pytest.mark.slow
def test_a_terminal_shows_the_first_rows_only(cli: CommandLine) -> None:
    row = "f2,Line number {} of them.\n"
    cli.write("some.csv", "voice,text\n" + "".join(map(row.format, range(100))) + "nobody,Hi.\n" * 50)
    assert len(cli("submit", "some.csv", "--dry-run")[1].splitlines()) == 1 + 2 * 100 + 50 + 2
    cli.write("big.csv", "voice,text\n" + "".join(map(row.format, range(4_990))) + "nobody,Hi.\n" * 60)
    assert len(cli.json("submit", "big.csv", "--dry-run")[1]["lines"]) == 4_990
    output = on_a_terminal(cli.folder, "submit", "big.csv", "--dry-run")
    assert "4950 more lines" in output
    assert "20 more rejected rows" in output
    assert "4990 lines, about " in output
    assert len(output.splitlines()) < 250


def on_a_terminal(folder: Path, *arguments: str) -> str:
    """Run a command whose stdout is a terminal; returns its output."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "f5_pipeline.cli.main", *arguments], cwd=folder, stdout=theirs)
    os.close(theirs)
    output = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
        output += part
        if not part:
            break
    process.wait()
    os.close(ours)
    return output.decode()


def test_hostile_texts_are_printed_without_control_characters(cli: CommandLine) -> None:
    manifest = cli.write("t.csv", 'id,voice,text\na,f2,"\x1b[31mred\x1b[0m \u202e[[bold]]"\n')
    _, out, _ = cli("submit", manifest, "--dry-run")
    assert "\x1b" not in out
    assert "\u202e" not in out
