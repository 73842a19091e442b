"""The script of ``docs/operations.md`` for the cost of an hour counts every run. ``test_operations`` runs it as is."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operations.md"


def test_runs_on_all_pages_of_results_are_counted(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (script,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.S | re.M)
    assert script.count("limit=1000") == 1
    for _ in range(5):
        metadata = {"device_seconds": 360.0, "audio_seconds_spoken": 3600.0}
        instance.report_runless_asset_event(dg.AssetMaterialization("generated_audio", metadata=metadata))
    monkeypatch.setattr(dg.DagsterInstance, "get", lambda: instance)
    exec(compile(script.replace("limit=1000", "limit=2"), str(PAGE), "exec"), {})
    assert capsys.readouterr().out.startswith("5.0000 hours of speech in 0.5000 device hours\n")
