"""Packages that do not import: real subprocesses, mostly with small fake packages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from f5_pipeline.doctor.imports import Imports, check_imports, parse_output, probe_imports

TORCH = """
import sys, types
__version__ = "2.7.1+cu126"
version = types.SimpleNamespace(cuda="12.6")
cuda = types.SimpleNamespace(is_available=lambda: False, device_count=lambda: 0)
device = lambda name: types.SimpleNamespace(type=name)
"""
UNDEFINED = 'raise ImportError("flash_attn_2_cuda.so: undefined symbol: _ZN3c105ErrorC2E")'


def working() -> dict[str, str]:
    return {"torch": TORCH, "torchaudio": "", "vocos": "", "f5_tts": "", "f5_tts/model": "import torch"}


def statuses(imports: Imports) -> dict[str, str]:
    return {finding.name: finding.status for finding in check_imports(imports)}


def text_of(imports: Imports, name: str) -> str:
    return next(f"{each.found} {each.fix}" for each in check_imports(imports) if each.name == name)


def test_working_packages_are_ok(install_fake: Callable[..., None]) -> None:
    install_fake(**working())
    imports = probe_imports()
    assert statuses(imports) == dict.fromkeys(("torch", "torchaudio", "vocos", "f5_tts"), "ok")
    assert (imports.torch, imports.cuda, imports.gpus) == ("2.7.1+cu126", "12.6", ())
    assert "built for CUDA 12.6" in text_of(imports, "torch")


def test_torch_that_crashes_the_interpreter(install_fake: Callable[..., None]) -> None:
    install_fake(**{**working(), "torch": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"})
    imports = probe_imports()
    assert imports.errors == {"torch": "it crashed the interpreter"}
    assert statuses(imports) == {"torch": "fail", "torchaudio": "warn", "vocos": "warn", "f5_tts": "warn"}
    assert "pip install --force-reinstall torch" in text_of(imports, "torch")


def test_torch_that_hangs(install_fake: Callable[..., None]) -> None:
    install_fake(**{**working(), "torch": "import time; time.sleep(600)"})
    imports = probe_imports(timeout_seconds=3)
    assert imports.errors == {"torch": "it did not finish within 3 s"}


def test_torchaudio_that_does_not_fit_torch(install_fake: Callable[..., None]) -> None:
    broken = 'raise OSError("libc10_cuda.so: cannot open shared object file")'
    install_fake(**{**working(), "torchaudio": broken, "f5_tts/model": "import torchaudio"})
    imports = probe_imports()
    assert statuses(imports) == {"torch": "ok", "torchaudio": "fail", "vocos": "ok", "f5_tts": "fail"}
    assert "libc10_cuda.so" in text_of(imports, "torchaudio")
    assert "from the same index" in text_of(imports, "torchaudio")
    assert "because torchaudio does not" in text_of(imports, "f5_tts")


def test_a_user_file_named_torch_is_ignored(
    install_fake: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_fake(**working())
    (tmp_path / "torch.py").write_text("raise ValueError('the working folder was searched')")
    monkeypatch.chdir(tmp_path)
    assert statuses(probe_imports())["torch"] == "ok"


def test_an_interpreter_that_prints_nothing() -> None:
    assert statuses(parse_output("")) == {"torch": "fail", "torchaudio": "warn", "vocos": "warn", "f5_tts": "warn"}


@pytest.mark.slow
def test_a_broken_flash_attn_is_named_as_the_cause_of_a_broken_f5_tts(
    install_fake: Callable[..., None], tmp_path: Path, cache: Path, environment: pytest.MonkeyPatch
) -> None:
    """The whole command, with the real torch and f5_tts, which imports any flash_attn that is installed."""
    install_fake(flash_attn=UNDEFINED)
    environment.setenv("F5_CACHE", str(cache))
    command = [sys.executable, "-m", "f5_pipeline.cli.main", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["usable"] is False
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["torch"]["status"] == checks["torchaudio"]["status"] == "ok"
    assert checks["f5_tts"]["status"] == checks["attention"]["status"] == "fail"
    assert "because flash_attn does not" in checks["f5_tts"]["found"]
    assert "undefined symbol" in checks["attention"]["found"]
    assert str(tmp_path / "fake" / "flash_attn") in checks["attention"]["found"]
    assert f"rm -r {tmp_path / 'fake' / 'flash_attn'}" in checks["attention"]["fix"]  # no distribution owns the folder
    assert "Traceback" not in done.stderr
