"""torchaudio whose compiled libraries do not match torch: a package with a library that the system cannot load."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from f5_pipeline.environment import torchaudio
from f5_pipeline.errors import EnvironmentBroken
from tests.paths import ROOT

PACKAGE = """
import ctypes, pathlib
for library in pathlib.Path(__file__).parent.glob("lib/*.so"):
    ctypes.CDLL(str(library))
"""
IMPORT = "from f5_pipeline.environment.torchaudio import import_torchaudio; import_torchaudio()"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a torchaudio that this interpreter, and those that it starts, find first."""
    folder = tmp_path / "torchaudio"
    (folder / "lib").mkdir(parents=True)
    (folder / "__init__.py").write_text(PACKAGE)
    for name in ("libtorchaudio.so", "_torchaudio.so"):
        (folder / "lib" / name).write_text("not a library")
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torchaudio"}
    for name in kept:
        del sys.modules[name]
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    yield folder
    sys.modules.pop("torchaudio", None)
    sys.modules.update(kept)


def libraries(package: Path) -> set[str]:
    return {path.name for path in (package / "lib").glob("*.so*")}


def test_the_first_import_moves_the_libraries_aside_and_says_so(
    package: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        torchaudio.import_torchaudio()
    assert sys.modules["torchaudio"].__file__ == str(package / "__init__.py")
    assert libraries(package) == {"libtorchaudio.so.unusable", "_torchaudio.so.unusable"}
    assert "2 compiled libraries" in caplog.text
    assert torchaudio.repair() == ""


def test_several_processes_repair_it_once(package: Path) -> None:
    first = [subprocess.Popen([sys.executable, "-c", IMPORT], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate()[1] for process in first]
    assert [process.returncode for process in first] == [0, 0, 0], said
    assert sum("Moved 2 compiled libraries" in text for text in said) == 1


def test_libraries_that_are_not_the_cause_stay(package: Path) -> None:
    (package / "__init__.py").write_text("raise AttributeError('another reason')")
    with pytest.raises(EnvironmentBroken, match=r"another reason.*from the same index"):
        torchaudio.import_torchaudio()
    assert libraries(package) == {"libtorchaudio.so", "_torchaudio.so"}


def test_a_read_only_environment_is_an_error_with_a_command(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "rename", refused)  # root may write anywhere
    with pytest.raises(EnvironmentBroken, match="not writable") as error:
        torchaudio.import_torchaudio()
    assert str(package / "lib") in str(error.value)
    assert f"{sys.executable} -m f5_pipeline.environment.torchaudio" in str(error.value)

    for library in (package / "lib").glob("*.so"):
        library.unlink()
    (package / "__init__.py").write_text("raise ImportError('another reason')")
    with pytest.raises(EnvironmentBroken, match="another reason") as error:
        torchaudio.import_torchaudio()
    assert "not writable" not in str(error.value)
