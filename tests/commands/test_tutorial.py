"""The commands of ``docs/tutorial.md``, in order, in one process, with the embedded model."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
import soundfile

from f5_pipeline.cli.main import main
from f5_pipeline.demo.install import install
from f5_pipeline.storage.local import LocalStore
from tools.tutorial import PAGE, blocks

#: Not run: they set up the checkout, or serve until they are stopped.
NOT_RUN = ("make demo", ". .venv/bin/activate", "f5-pipeline ui")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_commands_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: Path
) -> None:
    """Files are written as the page shows them, commands are run, and the files that it lists are delivered."""
    for name in [name for name in os.environ if name.startswith(("F5_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    install(LocalStore(tmp_path / "store"))
    output: dict[str, str] = {}
    listed = 0
    for language, title, content in blocks():
        if language == "sh":
            for command in filter(lambda line: line not in NOT_RUN, content.splitlines()):
                program, *arguments = shlex.split(command)
                assert (program, main(arguments)) == ("f5-pipeline", 0), command
                output[command] = capsys.readouterr().out
        elif title.startswith("out/"):
            for line in content.splitlines():
                assert (tmp_path / title / line.split()[0]).stat().st_size > 100, line
                listed += 1
        else:
            Path(title).write_text(content)
    assert listed == 14
    assert "2 ok, 0 suspect, 0 failed, 0 rejected; 2 clips spoken" in output["f5-pipeline run film"]
    counts = re.search(r"; (.+)\.$", output["f5-pipeline run menu"], re.M)
    assert counts is not None
    assert f"`{counts[1]}`" in PAGE.read_text()
    assert "guard_001" in output["f5-pipeline results guards"]
    assert {"fables", "guards", "menu", "film"} <= set(output["f5-pipeline list"].split())
    menu = soundfile.info("out/menu/audio/hours.wav")
    assert (menu.samplerate, menu.subtype) == (8000, "ULAW")
    film, rate = soundfile.read("out/film/film.flac")
    first, second = (int(seconds * rate) for seconds in (0.5, 3.0))
    assert abs(film[:first]).max() == 0 < abs(film[first:second]).max()
