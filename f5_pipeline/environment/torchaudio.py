"""torchaudio beside a CPU build of torch: ``python -m f5_pipeline.environment.torchaudio`` makes it importable.

PyPI's torchaudio is linked to CUDA's libraries and does not import beside a CPU build of torch. F5-TTS and Vocos use
only its parts written in Python, which work once the compiled ones are out of the way.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

_SUFFIX = ".unusable"


def compiled_parts() -> list[Path]:
    """torchaudio's compiled libraries, found without importing it."""
    spec = importlib.util.find_spec("torchaudio")
    if spec is None or spec.origin is None:
        return []
    return sorted((Path(spec.origin).parent / "lib").glob("*.so"))


def trouble() -> str:
    """What torchaudio says when it is imported in a fresh interpreter; "" if it imports."""
    done = subprocess.run([sys.executable, "-c", "import torchaudio"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it crashed"])[-1]


def mend() -> str:
    """Set the compiled parts aside if torchaudio does not import with them; put them back if that does not help.

    Returns:
        What was done, as a sentence; "" if nothing had to be.

    Raises:
        RuntimeError: it imports neither with nor without them; says what it says.
    """
    before = trouble()
    if not before:
        return ""
    parts = compiled_parts()
    for part in parts:
        part.rename(part.with_name(part.name + _SUFFIX))
    if not (after := trouble()):
        return f"Set aside {len(parts)} compiled libraries of torchaudio that do not fit this torch ({before})."
    for part in parts:
        part.with_name(part.name + _SUFFIX).rename(part)
    raise RuntimeError(f"torchaudio does not import: {after}")


if __name__ == "__main__":
    try:
        if done := mend():
            print(done)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
