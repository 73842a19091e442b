"""The Python version, required packages, and free memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor.interpreter import check_memory, check_packages, check_python, probe_memory, probe_packages


@pytest.mark.parametrize(
    ("version", "status"), [((3, 9, 9), "fail"), ((3, 10, 0), "ok"), ((3, 11, 7), "ok"), ((3, 15, 0), "warn")]
)
def test_python_version(version: tuple[int, int, int], status: str) -> None:
    finding = check_python(version, "/venv")
    assert finding.status == status
    assert "/venv" in finding.found


def test_missing_and_outdated_packages_are_named() -> None:
    required = {"a": ">=2", "b": "", "c": "==1.1.22", "d": ">=1,<2"}
    finding = check_packages(required, {"a": "1.9", "b": None, "c": "1.1.22", "d": "1.4+local"})
    assert finding.status == "fail"
    assert "a is 1.9 and must be >=2; b is not installed" in finding.found
    assert "1.1.22" not in finding.found


def test_this_environment_has_the_required_packages() -> None:
    required, installed = probe_packages()
    assert {"torch", "dagster", "f5-tts"} <= set(required)
    assert "pytest" not in required  # required by an extra only
    assert check_packages(required, installed).status == "ok"


def test_memory_must_hold_the_model_twice() -> None:
    assert check_memory(8_000_000_000, 1_350_000_000).status == "ok"
    finding = check_memory(4_000_000_000, 1_350_000_000)
    assert finding.status == "warn"
    assert "4.0 GB" in finding.found
    assert "4.2 GB" in finding.found


def test_a_containers_memory_limit_is_respected(tmp_path: Path) -> None:
    unlimited = probe_memory(tmp_path)
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert probe_memory(tmp_path) > 10_000 < unlimited
    (tmp_path / "memory.max").write_text("5000\n")
    assert probe_memory(tmp_path) == 4000
