"""Python, packages, memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor import interpreter
from f5_pipeline.doctor.interpreter import judge_memory, judge_packages, judge_python, see_memory, see_packages


@pytest.mark.parametrize(
    ("version", "status"), [((3, 9, 9), "fail"), ((3, 10, 0), "ok"), ((3, 11, 7), "ok"), ((3, 15, 0), "warn")]
)
def test_python(version: tuple[int, int, int], status: str) -> None:
    finding = judge_python(version, "/venv")
    assert finding.status == status
    assert "/venv" in finding.found


def test_packages_that_are_missing_or_of_another_version_are_named() -> None:
    required = {"a": ">=2", "b": "", "c": "==1.1.22", "d": ">=1,<2"}
    finding = judge_packages(required, {"a": "1.9", "b": None, "c": "1.1.22", "d": "1.4+local"})
    assert finding.status == "fail"
    assert finding.found == "a is 1.9 and must be >=2; b is not installed and must be there."


def test_this_environment_has_what_is_required() -> None:
    required, installed = see_packages()
    assert {"torch", "dagster", "f5-tts"} <= set(required)
    assert "pytest" not in required  # an extra's
    assert judge_packages(required, installed).status == "ok"


def test_memory() -> None:
    assert judge_memory(8_000_000_000, 1_350_000_000).status == "ok"
    finding = judge_memory(4_000_000_000, 1_350_000_000)
    assert finding.status == "warn"
    assert "4.0 GB of memory are free" in finding.found
    assert "needs about 4.2 GB" in finding.found


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "_CGROUP", tmp_path)
    unlimited = see_memory()
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert see_memory() > 10_000 < unlimited
    (tmp_path / "memory.max").write_text("5000\n")
    assert see_memory() == 4000
