"""What a run would do about flash_attn, foretold without doing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor import attention
from f5_pipeline.doctor.attention import Prospect, judge_attention, see_prospect
from f5_pipeline.doctor.engine import Imports
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.settings.environment import Settings

GPU = PlatformTags("cp311", "linux", "x86_64", "2.36", "2.7.1+cu126", "12.6", True, "NVIDIA A100", (8, 0))


def prospect(monkeypatch: pytest.MonkeyPatch, cache: Path, tags: PlatformTags) -> Prospect:
    monkeypatch.setattr(attention, "read_tags", lambda device: tags)
    return see_prospect(Settings(cache=cache))


def test_the_wheel_that_would_be_installed_is_named(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    foreseen = prospect(environment, tmp_path, GPU)
    finding = judge_attention(Imports({}), foreseen, "auto")
    assert foreseen.wheel is not None
    assert finding.status == "ok"
    assert finding.found.startswith("The first run installs flash_attn-2.8.3+cu12torch2.7cxx11abiTRUE-cp311")
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_trap_is_explained(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    trap = PlatformTags(**{**vars(GPU), "torch": "2.6.0+cu124", "cuda": "12.4", "cxx11_abi": False})
    finding = judge_attention(Imports({}), prospect(environment, tmp_path, trap), "auto")
    assert finding.found.startswith("The first run installs flash_attn-2.7.4.post1+cu12torch2.6cxx11abiFALSE")
    assert "2.8" in finding.found.partition("(")[2]


def test_a_torch_for_which_there_is_no_wheel(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    old = PlatformTags(**{**vars(GPU), "torch": "1.13.1+cu117", "cuda": "11.7"})
    foreseen = prospect(environment, tmp_path, old)
    assert judge_attention(Imports({}), foreseen, "auto").status == "ok"
    assert judge_attention(Imports({}), foreseen, "flash_attn").status == "fail"
    assert "to have flash_attn" in foreseen.obstacle


def test_what_a_run_proved_is_remembered(cache: Path) -> None:
    """On this machine, as it is."""
    settings = Settings(cache=cache)
    report = prove_environment(settings)
    assert see_prospect(settings).proven == report.reason
