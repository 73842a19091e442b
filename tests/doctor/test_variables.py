"""Mistakes in the environment and in ``.env``; a finding never shows a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor.variables import Variables, check_variables, probe_variables

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("environment", "facts"),
    [
        ({"F5_STROE": "x"}, ("F5_STROE is not a variable", "F5_STORE?")),
        ({"F5_VOICE": "x"}, ("F5_VOICE is not a variable", "F5_")),
        ({"F5_XYZZY": "x"}, ("F5_XYZZY is not a variable", "Remove F5_XYZZY")),
        ({"AWS_SECRET_KEY": SECRET}, ("AWS_SECRET_KEY is not a variable", "AWS_SECRET_ACCESS_KEY?")),
        ({"AWS_ENDPOINT": "x"}, ("AWS_ENDPOINT is not a variable", "AWS_ENDPOINT_URL")),
        ({"AWS_ACCES_KEY_ID": SECRET}, ("AWS_ACCES_KEY_ID is not a variable", "AWS_ACCESS_KEY_ID")),
        ({"AWS_SECRET_ACCESS_KEY": f'"{SECRET}"'}, ("AWS_SECRET_ACCESS_KEY has quotes or spaces", "Remove them")),
        ({"AWS_SECRET_ACCESS_KEY": f"{SECRET}\r"}, ("AWS_SECRET_ACCESS_KEY has quotes or spaces", "Remove them")),
    ],
)
def test_mistakes_are_warnings_with_a_fix(environment: dict[str, str], facts: tuple[str, str]) -> None:
    finding = check_variables(Variables(environment))
    assert finding.status == "warn"
    assert facts[0] in finding.found
    assert facts[1] in finding.fix
    assert SECRET not in finding.found + finding.fix


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"F5_STORE": "store", "F5_DEVICE": "cpu"},
        {"AWS_ENDPOINT_URL": "https://host:9000/storage/v1/s3", "AWS_REGION": "x", "AWS_PROFILE": "y"},
        {"AWS_EXECUTION_ENV": "x", "AWS_LAMBDA_FUNCTION_NAME": "y", "AWS_STS_REGIONAL_ENDPOINTS": "z"},
    ],
)
def test_correct_and_unrelated_variables_are_ok(environment: dict[str, str]) -> None:
    assert check_variables(Variables(environment)).status == "ok"


def test_invalid_misspelt_and_overridden_lines_of_dot_env(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"F5_STROE=x\nF5_STORE=from-file\nAWS_SECRET_ACCESS_KEY={SECRET}\nwhat is this?\n")
    environment.chdir(tmp_path)
    environment.setenv("F5_STORE", "from-environment")
    variables = probe_variables()
    finding = check_variables(variables)
    assert finding.status == "warn"
    for fact in (
        f"Line 4 of {tmp_path / '.env'} is not NAME=value",
        "F5_STROE is not a variable",
        f"F5_STORE in {tmp_path / '.env'} is not used",
    ):
        assert fact in finding.found
    assert SECRET not in finding.found + finding.fix
    assert variables.all["F5_STORE"] == "from-environment"
