"""Cron expressions: what the check accepts, Dagster and the calendar accept too."""

from __future__ import annotations

import pytest

from f5_pipeline.errors import BadSetting
from f5_pipeline.settings.cron import check_cron
from f5_pipeline.settings.environment import load_settings
from tests.settings.cron_expressions import VALID

INVALID = {
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


@pytest.mark.parametrize("expression", VALID)
def test_a_valid_expression_is_returned(expression: str) -> None:
    assert check_cron(expression) == expression


@pytest.mark.parametrize(("expression", "reason"), INVALID.items())
def test_an_invalid_expression_is_refused_with_its_reason(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        check_cron(expression)
    assert reason in str(refused.value)


def test_the_message_names_the_variable_and_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_NIGHTLY_CRON", "0 25 * * *")
    with pytest.raises(BadSetting, match=r"F5_NIGHTLY_CRON.* valid cron expression: .*hour '25'.*'0 25"):
        load_settings()
