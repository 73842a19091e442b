"""The engine's benchmark needs no Dagster and times upstream on all voices; failing peers are named."""

from __future__ import annotations

import argparse
import contextlib
import re
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
WITHOUT_DAGSTER = """
import runpy, sys
sys.modules["dagster"] = None  # makes its import fail
sys.argv = "engine.py --model random:tiny --device cpu --lines 1 4 --upstream-lines 2 --steps 2 --repeat 1".split()
runpy.run_path("benchmarks/engine.py", run_name="__main__")
"""


@pytest.mark.slow
def test_a_random_model_without_dagster() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_DAGSTER], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    rows = re.findall(r"^\| 2 \| (\d) \| ([\d.]+) \| ([\d.]+) \| .* \| ([\d.]+) \|$", run.stdout, re.MULTILINE)
    assert [row[0] for row in rows] == ["1", "4"]
    assert all(float(figure) > 0 for row in rows for figure in row)
    assert "Peak memory" in run.stdout


def test_upstreams_lines_are_in_all_voices() -> None:
    engine = runpy.run_path(str(ROOT / "benchmarks" / "engine.py"))
    spoken: dict[str, list[str]] = {"ours": [], "upstream": []}

    def speak(name: str, batch: list[Any]) -> list[float]:
        spoken[name] += [line.ref_audio for line in batch]
        return [1.0] * len(batch)

    engines = {name: partial(speak, name) for name in spoken}
    engine["compare"](engines, engine["demo_lines"](64), 1, 16)
    assert len(spoken["ours"]) == 64
    assert len(spoken["upstream"]) == 16
    assert set(spoken["upstream"]) == set(spoken["ours"])


PEER = """#!{python} -I
import json, sys
if sys.argv[3].endswith(".gguf"):
    sys.exit("No module named 'crispasr'")
print(json.dumps({{"version": "0.19.5"}}), flush=True)
for number, line in enumerate(sys.stdin, 1):
    request = json.loads(line)
    print(json.dumps({{"seconds": float(len(request["text"])), "cpu": number * request["steps"]}}), flush=True)
"""


def test_peers_speak_in_turn_and_failing_ones_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    peers = runpy.run_path(str(ROOT / "benchmarks" / "peers.py"))
    python = tmp_path / "python"
    python.write_text(PEER.format(python=sys.executable))
    python.chmod(0o755)
    for name in ("f32.tmod", "f16.gguf"):
        (tmp_path / name).touch()
    args = argparse.Namespace(folder=tmp_path, python=str(python), threads=1, nfe_step=2, cfg=2.0)
    line = peers["demo_lines"](1)[0]
    with contextlib.ExitStack() as stack:
        ((_, vox),) = peers["start_peers"](args, [line], stack)
        measured = peers["run"](vox, [line, line])
    assert capsys.readouterr().out == "crispasr, f16.gguf: skipped, No module named 'crispasr'\n"
    assert measured.audio_seconds == 2 * len(line.text)
    assert measured.cpu == 2 * 2 / measured.audio_seconds  # without the warm-up's
    upstream = peers["Engine"]("upstream", "1.1.22", "float32", vox.speak, vox.cpu_seconds)
    rows = list(peers["rows"]([upstream, vox], [[peers["Run"](8.0, 6.0, 2.0)], [peers["Run"](4.0, 2.0, 2.0)]]))
    assert rows[1].split(" | ")[3:] == ["2.00", "4.0", "2.00 (2.00 - 2.00)", "2.0", "3.00 |"]
