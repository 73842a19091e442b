"""``F5_RETRY_SECONDS``: read where it is needed, from the environment or ``.env``."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.errors import BadSetting
from f5_pipeline.settings.environment import load_settings, retry_seconds


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("F5_RETRY_SECONDS", "")  # restored afterwards, also if .env sets it
    return tmp_path


def test_the_default() -> None:
    assert retry_seconds() == load_settings().retry_seconds == 120


@pytest.mark.parametrize("value", ["0", "0.5", "86400"])
def test_a_value(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_RETRY_SECONDS", value)
    assert retry_seconds() == load_settings().retry_seconds == float(value)


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "86401", "two minutes"])
def test_an_impossible_value_is_refused_at_the_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_RETRY_SECONDS", value)
    with pytest.raises(BadSetting, match="F5_RETRY_SECONDS"):
        load_settings()
    assert retry_seconds() == 120  # of a process that never loads the settings


def test_a_value_in_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("F5_RETRY_SECONDS")
    (folder / ".env").write_text("F5_RETRY_SECONDS=33\n")
    load_settings()
    assert retry_seconds() == 33


def test_another_setting_that_is_wrong_does_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_RETRY_SECONDS", "7")
    monkeypatch.setenv("F5_PRECISION", "wrong")
    assert retry_seconds() == 7
