"""Which times a setting in cron's form may name: never one that Dagster, or the calendar, does not know."""

from __future__ import annotations

import pytest

from f5_pipeline.errors import BadSetting
from f5_pipeline.settings.cron import check_cron
from f5_pipeline.settings.environment import load_settings

#: Each is taken by Dagster as well: ``tests/defs/automation/test_conditions.py``.
GOOD = [
    *("0 2 * * *", "*/15 0-6 * * *", "5,35 1-23/2 1,15 * *", "0 0 31 1,2 *", "0 3 * JAN-mar Mon-Fri", "0 2 29 2 *"),
    *("0 2 * * 7", "0 2 * * sun,3", "10/20 * * * *", "59 23 31 12 6", "00 02 * * *"),
]
BAD = {
    "0 25 * * *": "hour '25' is not within 0 and 23",
    "60 2 * * *": "minute '60'",
    "0 2 0 * *": "day '0'",
    "0 2 * 13 *": "month '13'",
    "0 2 * * 8": "weekday '8'",
    "0 2 * * someday": "weekday 'someday'",
    "0 6-2 * * *": "hour '6-2'",
    "*/0 2 * * *": "minute '*/0'",
    "*/90 2 * * *": "minute '*/90'",
    "0 2 30 2 *": "no month has that day",
    "0 2 31 4,6 *": "no month has that day",
    "0 2 30 2 mon": "no month has that day",
    "0 2 , * *": "day ''",
    "0 -2 * * *": "hour '-2' is not understood",
    "0 \u0662 * * *": "is not understood",
    "0 2 * * $(x)": "is not understood",
    "0 2 * * * *": "five fields",
    "": "five fields",
}


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_is_taken(text: str) -> None:
    assert check_cron(text) == text


@pytest.mark.parametrize(("text", "why"), BAD.items())
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        check_cron(text)
    assert why in str(refused.value)


def test_a_wrong_one_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_NIGHTLY_CRON", "0 25 * * *")
    with pytest.raises(BadSetting) as refused:
        load_settings()
    assert str(refused.value) == (
        "Environment, setting 'F5_NIGHTLY_CRON' is no time in cron's form: its hour '25' is not within 0 and 23 "
        "(it is '0 25 * * *')."
    )
