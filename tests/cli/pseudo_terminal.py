"""Commands on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run_on_a_terminal(arguments: list[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """Run a command of ours on a pseudo-terminal; returns its exit code and what the terminal receives."""
    primary, secondary = pty.openpty()
    command = [sys.executable, "-m", "f5_pipeline.cli", *arguments]
    terminal = {**os.environ, "TERM": "xterm", **environment}
    with subprocess.Popen(command, stdout=secondary, stderr=secondary, cwd=folder, env=terminal) as process:
        os.close(secondary)
        data = b""
        try:
            while block := os.read(primary, 1 << 16):
                data += block
        except OSError:  # the process has closed its end
            pass
        code = process.wait(60)
    os.close(primary)
    return code, data.decode()
