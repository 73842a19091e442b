"""The benchmark of the engine runs where it has to: beside a GPU, without Dagster."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
WITHOUT_DAGSTER = """
import runpy, sys
sys.modules["dagster"] = None  # importing it is an error from now on
sys.argv = "engine.py --model random:tiny --device cpu --lines 1 4 --upstream-lines 2 --steps 2 --repeat 1".split()
runpy.run_path("benchmarks/engine.py", run_name="__main__")
"""


def test_a_random_model_without_dagster() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_DAGSTER], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    rows = re.findall(r"^\| 2 \| (\d) \| ([\d.]+) \| ([\d.]+) \| .* \| ([\d.]+) \|$", run.stdout, re.MULTILINE)
    assert [row[0] for row in rows] == ["1", "4"]
    assert all(float(figure) > 0 for row in rows for figure in row)
    assert "Peak memory" in run.stdout
