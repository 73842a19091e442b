"""Packages that do not start, really imported in processes of their own; most are planted, and so small."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from f5_pipeline.doctor.attention import Prospect, judge_attention
from f5_pipeline.doctor.engine import Imports, judge_imports, read_imports, see_imports
from f5_pipeline.errors import AttentionUnavailable

TORCH = """
import sys, types
__version__ = "2.7.1+cu126"
version = types.SimpleNamespace(cuda="12.6")
cuda = types.SimpleNamespace(is_available=lambda: False, device_count=lambda: 0)
"""
UNDEFINED = 'raise ImportError("flash_attn_2_cuda.so: undefined symbol: _ZN3c105ErrorC2E")'


def sound() -> dict[str, str]:
    return {"torch": TORCH, "torchaudio": "", "vocos": "", "f5_tts": "", "f5_tts/model": "import torch"}


def statuses(imports: Imports) -> dict[str, str]:
    return {finding.name: finding.status for finding in judge_imports(imports)}


def said(imports: Imports, name: str) -> str:
    return next(f"{each.found} {each.fix}" for each in judge_imports(imports) if each.name == name)


def test_a_sound_environment(planted: Callable[..., None]) -> None:
    planted(**sound())
    imports = see_imports()
    assert statuses(imports) == dict.fromkeys(("torch", "torchaudio", "vocos", "f5_tts"), "ok")
    assert (imports.torch, imports.cuda, imports.gpus) == ("2.7.1+cu126", "12.6", ())
    assert "built for CUDA 12.6" in said(imports, "torch")


def test_a_torch_that_crashes_the_interpreter(planted: Callable[..., None]) -> None:
    planted(**{**sound(), "torch": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"})
    imports = see_imports()
    assert imports.failures == {"torch": "it crashed the interpreter"}
    assert statuses(imports) == {"torch": "fail", "torchaudio": "warn", "vocos": "warn", "f5_tts": "warn"}
    assert "pip install --force-reinstall torch" in said(imports, "torch")


def test_a_torch_that_hangs(planted: Callable[..., None]) -> None:
    planted(**{**sound(), "torch": "import time; time.sleep(600)"})
    imports = see_imports(seconds=3)
    assert imports.failures == {"torch": "it had not ended after 3 s"}


def test_a_torchaudio_that_does_not_fit_torch(planted: Callable[..., None]) -> None:
    broken = 'raise OSError("libc10_cuda.so: cannot open shared object file")'
    planted(**{**sound(), "torchaudio": broken, "f5_tts/model": "import torchaudio"})
    imports = see_imports()
    assert statuses(imports) == {"torch": "ok", "torchaudio": "fail", "vocos": "ok", "f5_tts": "fail"}
    assert "libc10_cuda.so" in said(imports, "torchaudio")
    assert "-m f5_pipeline.environment.torchaudio" in said(imports, "torchaudio")
    assert "because torchaudio does not" in said(imports, "f5_tts")


def test_a_user_file_called_torch_is_not_in_the_way(
    planted: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(**sound())
    (tmp_path / "torch.py").write_text("raise ValueError('the working folder was searched')")
    monkeypatch.chdir(tmp_path)
    assert statuses(see_imports())["torch"] == "ok"


def test_an_interpreter_that_says_nothing() -> None:
    assert statuses(read_imports("")) == {"torch": "fail", "torchaudio": "warn", "vocos": "warn", "f5_tts": "warn"}


def test_a_broken_flash_attn_breaks_f5_tts_and_doctor_says_which(
    planted: Callable[..., None], tmp_path: Path, cache: Path, environment: pytest.MonkeyPatch
) -> None:
    """The whole command, with the real torch and f5_tts, which imports flash_attn wherever it is."""
    planted(flash_attn=UNDEFINED)
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
    assert str(tmp_path / "planted" / "flash_attn") in checks["attention"]["found"]
    assert "pip uninstall flash_attn" in checks["attention"]["fix"]
    assert "Traceback" not in done.stderr


# --- attention ------------------------------------------------------------------------------------------------


def test_a_broken_flash_attn_of_ours_is_replaced_by_itself() -> None:
    finding = judge_attention(Imports({"flash_attn": "it crashed"}), Prospect(ours=True), "auto")
    assert (finding.status, finding.fix) == ("warn", "The next run replaces it by itself.")


def test_torch_attention_says_why() -> None:
    prospect = Prospect(obstacle="torch 2.13.0+cpu is built without CUDA")
    finding = judge_attention(Imports({}), prospect, "auto")
    assert finding.status == "ok"
    assert finding.found == "torch's own, because torch 2.13.0+cpu is built without CUDA."
    demanded = judge_attention(Imports({}), prospect, "flash_attn")
    assert demanded.status == "fail"
    assert f"{demanded.found} {demanded.fix}" == str(AttentionUnavailable(prospect.obstacle))


def test_what_was_proven_is_said() -> None:
    finding = judge_attention(Imports({"flash_attn": ""}), Prospect(proven="flash_attn 2.8.3: it works"), "auto")
    assert finding.found == "Proven here: flash_attn 2.8.3: it works."
