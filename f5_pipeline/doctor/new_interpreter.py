"""Runs a script in a new interpreter, because an import may crash."""

from __future__ import annotations

import subprocess
import sys


def run_script(script: str, timeout_seconds: float, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a script outside the working folder, where a user's file may be called torch.py; captures what it prints.

    Args:
        options: of the interpreter.

    Raises:
        subprocess.TimeoutExpired: it did not finish in time.
    """
    return subprocess.run(
        [sys.executable, *options, "-c", script],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=sys.prefix,
        timeout=timeout_seconds,
        check=False,
    )
