"""Makes torchaudio importable beside a CPU build of torch: ``python -m f5_pipeline.environment.torchaudio``.

PyPI's torchaudio is linked to CUDA libraries and fails to import beside a CPU build of torch. F5-TTS and Vocos use only
its Python parts, which work once the compiled parts are moved aside.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

_SUFFIX = ".unusable"


def compiled_libraries() -> list[Path]:
    """The compiled libraries of torchaudio, found without importing it."""
    spec = importlib.util.find_spec("torchaudio")
    if spec is None or spec.origin is None:
        return []
    return sorted((Path(spec.origin).parent / "lib").glob("*.so"))


def import_error() -> str:
    """The error of ``import torchaudio`` in a new interpreter; "" if it succeeds."""
    done = subprocess.run([sys.executable, "-c", "import torchaudio"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it crashed"])[-1]


def repair() -> str:
    """Move the compiled libraries aside if torchaudio fails to import with them; restore them if that does not help.

    Returns:
        What was done, as a sentence; "" if nothing was necessary.

    Raises:
        RuntimeError: torchaudio fails to import with and without them; has the message of the import.
    """
    before = import_error()
    if not before:
        return ""
    libraries = compiled_libraries()
    for library in libraries:
        library.rename(library.with_name(library.name + _SUFFIX))
    if not (after := import_error()):
        return f"Moved {len(libraries)} compiled libraries of torchaudio aside that do not match this torch ({before})."
    for library in libraries:
        library.with_name(library.name + _SUFFIX).rename(library)
    raise RuntimeError(f"torchaudio does not import: {after}")


if __name__ == "__main__":
    try:
        if done := repair():
            print(done)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
