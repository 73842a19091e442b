"""The engine's benchmark runs on machines without Dagster, and times upstream on all voices."""

from __future__ import annotations

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
