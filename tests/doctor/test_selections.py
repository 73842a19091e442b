"""If Dagster can read asset selections in this environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor.selections import check_selections, probe_selections


def test_this_environment_reads_selections() -> None:
    finding = check_selections(probe_selections())
    assert finding.status == "ok"
    assert "antlr4-python3-runtime 4." in finding.found


def test_a_runtime_that_dagster_cannot_use_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches can still be spoken."""
    (tmp_path / "antlr4").mkdir()
    (tmp_path / "antlr4" / "__init__.py").write_text("raise ImportError('antlr4 is broken here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    finding = check_selections(probe_selections())
    assert finding.status == "warn"
    assert "antlr4 is broken here" in finding.found
    assert "make install" in finding.fix
