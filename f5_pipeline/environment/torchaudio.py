"""Imports torchaudio beside any build of torch.

PyPI's torchaudio is linked to CUDA libraries and fails to import beside a CPU build of torch. F5-TTS and Vocos use only
its Python parts, which work once the compiled parts are moved aside. ``import_torchaudio`` does so at the first import
that fails. ``python -m f5_pipeline.environment.torchaudio`` does it beforehand, for an environment that the user of the
pipeline cannot write to, such as a container image.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import subprocess
import sys
from pathlib import Path

from f5_pipeline.errors import EnvironmentBroken, FileUnusable
from f5_pipeline.storage.locks import hold

_log = logging.getLogger(__name__)
_PACKAGE = "torchaudio"
_SUFFIX = ".unusable"
_FIX = "Install torch and torchaudio from the same index, in a new environment (in a checkout: make clean install)."


def import_torchaudio() -> None:
    """Import torchaudio. If that fails, move its compiled libraries aside (see ``repair``), and import it again.

    Raises:
        EnvironmentBroken: torchaudio fails to import with and without its compiled libraries, or fails with them and
            they cannot be moved.
    """
    if _PACKAGE in sys.modules:
        return
    try:
        importlib.import_module(_PACKAGE)
    except Exception as error:  # noqa: BLE001 - of Python, the system's loader, registrations in torch, missing names
        if done := repair():
            _log.warning("%s", done)
        _retry(error)


def _retry(first: Exception) -> None:
    """Import torchaudio again, without the modules that the first attempt has left."""
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]
    try:
        importlib.import_module(_PACKAGE)
    except Exception as error:
        raise EnvironmentBroken(_PACKAGE, f"{error} (at first: {first})", _FIX) from error


def library_folder() -> Path | None:
    """The folder of torchaudio's compiled libraries, found without importing it; None if it has none."""
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "lib" if spec is not None and spec.origin is not None else None
    return folder if folder is not None and folder.is_dir() else None


def import_error() -> str:
    """The error of ``import torchaudio`` in a new interpreter; "" if it succeeds."""
    command = [sys.executable, "-c", f"import {_PACKAGE}"]
    # Not in the working folder, which may contain a torch.py of the user.
    done = subprocess.run(command, capture_output=True, text=True, cwd=sys.prefix, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it crashed"])[-1]


def repair() -> str:
    """Move the compiled libraries aside if torchaudio fails to import with them; restore them if that does not help.

    Of several processes, one does it while the others wait, and find that nothing is left to do.

    Returns:
        What was done, as a sentence; "" if nothing was necessary.

    Raises:
        EnvironmentBroken: torchaudio fails to import with and without them, or they cannot be moved.
    """
    if not (before := import_error()):
        return ""
    folder = library_folder()
    if folder is None or not any(folder.glob("*.so")):
        if not import_error():
            return ""  # another process has just moved them aside
        raise EnvironmentBroken(_PACKAGE, before, _FIX)
    try:
        with hold(folder / "f5-pipeline.lock", "moving compiled libraries of torchaudio aside"):
            return _move_aside(sorted(folder.glob("*.so")), before) if import_error() else ""
    except (OSError, FileUnusable) as error:
        raise EnvironmentBroken(
            _PACKAGE,
            f"{before}. Its compiled libraries do not match this torch, are not needed, and cannot be moved aside in "
            f"{folder}, which is not writable",
            f"As a user who may write there, run: {sys.executable} -m f5_pipeline.environment.torchaudio",
        ) from error


def _move_aside(libraries: list[Path], before: str) -> str:
    for library in libraries:
        library.rename(library.with_name(library.name + _SUFFIX))
    if not (after := import_error()):
        return f"Moved {len(libraries)} compiled libraries of torchaudio aside that do not match this torch ({before})."
    for library in libraries:
        library.with_name(library.name + _SUFFIX).rename(library)
    raise EnvironmentBroken(_PACKAGE, after, _FIX)


if __name__ == "__main__":
    try:
        if done := repair():
            print(done)
    except EnvironmentBroken as error:
        print(error, file=sys.stderr)
        sys.exit(1)
