"""If Dagster can read asset selections (``dagster asset materialize --select …``) in this environment."""

from __future__ import annotations

import subprocess
from importlib import metadata

from f5_pipeline.doctor.finding import Finding, ok, warn
from f5_pipeline.doctor.new_interpreter import run_script

NAME = "asset_selections"
TIMEOUT_SECONDS = 120.0  # a first import of Dagster from a slow disk

_SCRIPT = """
from f5_pipeline.defs.selection_grammar import load_selection_grammar
load_selection_grammar()
from dagster._core.definitions.antlr_asset_selection.antlr_asset_selection import AntlrAssetSelectionParser
AntlrAssetSelectionParser('key:"utterances"+')
"""


def probe_selections() -> str:
    """Read a selection in a new interpreter; returns the error, "" if there is none."""
    try:
        done = run_script(_SCRIPT, TIMEOUT_SECONDS, "-W", "ignore")
    except subprocess.TimeoutExpired:
        return f"it did not finish within {TIMEOUT_SECONDS:.0f} s"
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:300] if done.returncode else ""


def check_selections(error: str) -> Finding:
    """A warning if Dagster cannot read selections: jobs, the UI and automation work without."""
    runtime = f"antlr4-python3-runtime {_version('antlr4-python3-runtime')}"
    if not error:
        return ok(NAME, f"Dagster reads asset selections, with {runtime}.")
    found = f"Dagster {_version('dagster')} cannot read asset selections (--select) with {runtime}: {error}."
    fix = "Install the versions in constraints.txt (in a checkout: make install), or run whole jobs."
    return warn(NAME, found, fix)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(not installed)"
