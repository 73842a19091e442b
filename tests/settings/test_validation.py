"""Pydantic's errors in the user's words: name, reason, value, and the names that exist."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from f5_pipeline.errors import BadSetting
from f5_pipeline.settings.environment import load_settings
from f5_pipeline.settings.fields import SHA256, Language, Number
from f5_pipeline.settings.validation import bad_setting, did_you_mean, explain


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: Annotated[float, Number, Field(ge=0, le=3.0)] = 1.0
    sha256: Annotated[str, Field(pattern=SHA256)] = "0" * 64


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: int = 1
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    kind: Literal["a", "b"] = "a"
    language: Language = "en"
    title: Annotated[str, Field(min_length=1, max_length=5)] = "x"
    trim: Annotated[float, Number, Field(le=10)] | StrictBool = True
    names: tuple[str, ...] = ()
    table: Table = Table()
    optional: Annotated[Table, Field()] | None = None
    path: Annotated[str, Field(pattern="^/")] = "/"

    @model_validator(mode="after")
    def _possible(self) -> File:
        if self.kind == "b" and self.steps == 1:
            raise ValueError("kind b needs more steps")
        return self


def error_of(values: Any, model: type[BaseModel] = File) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return caught.value


@pytest.mark.parametrize(
    ("values", "name", "reason", "value"),
    [
        ({"steps": 1.5}, "steps", "must be a whole number", "1.5"),
        ({"share": "x"}, "share", "must be a number", "x"),
        ({"share": 0}, "share", "must be more than 0", "0"),
        ({"share": 1}, "share", "must be less than 1", "1"),
        ({"kind": "c"}, "kind", "must be one of 'a' or 'b'", "c"),
        ({"kind": "c" * 200}, "kind", "must be one of 'a' or 'b'", "c" * 80),
        ({"language": "English please"}, "language", "must be a language code such as 'en' or 'pt-BR'", None),
        ({"title": ""}, "title", "must not be empty", ""),
        ({"title": "longer"}, "title", "must have at most 5 characters", "longer"),
        ({"title": 3}, "title", "must be text", "3"),
        ({"trim": "x"}, "trim", "must be a number", "x"),
        ({"trim": 11}, "trim", "must be at most 10", "11"),
        ({"names": [1]}, "names", "must be text", "1"),
        ({"table": 3}, "table", "must be a table: [table]", "3"),
        ({"table": {"limit": 4}}, "table.limit", "must be at most 3", "4"),
        ({"table": {"limit": True}}, "table.limit", "must be a number", "True"),
        ({"optional": {"sha256": "ab"}}, "optional.sha256", "must be 64 hexadecimal digits in lower case", "ab"),
        ({"path": "x"}, "path", "must match pattern '^/'", "x"),
        ({"kind": "b"}, "", "kind b needs more steps", None),
        ([], "", "must be a table", None),
    ],
)
def test_the_first_error_is_explained(values: Any, name: str, reason: str, value: str | None) -> None:
    invalid = explain(error_of(values), File)
    assert (invalid.name, invalid.reason, invalid.known) == (name, reason, ())
    assert value is None or invalid.value == value


def test_an_unknown_name_is_answered_with_the_names_of_its_table() -> None:
    message = str(bad_setting(error_of({"table": {"limmit": 1}}), File, "x.toml"))
    assert all(fact in message for fact in ("x.toml", "'table.limmit'", "mean 'limit'?", "limit, sha256"))


def test_a_missing_name_has_no_value() -> None:
    class Entry(BaseModel):
        needed: str

    error = bad_setting(error_of({}, Entry), Entry, "x.toml", lambda name: f"mine.{name}")
    assert str(error) == "x.toml, setting 'mine.needed' is missing."


def test_lists_and_tables_are_not_shown() -> None:
    """They may be long, and a table of a source may contain a password."""
    assert explain(error_of({"steps": [1] * 99}), File).value is None


def test_a_distant_name_is_not_suggested() -> None:
    assert did_you_mean("colour", ["voice", "speed"]) == ""
    assert did_you_mean("Voices", ["voice", "speed"]) == " Did you mean 'voice'?"


@pytest.mark.parametrize(
    ("written", "device"),
    [("CUDA", "cuda"), (" cuda:01 ", "cuda:1"), ("mps:0", "mps"), ("xpu:1", "xpu:1"), ("npu:0", "npu:0")],
)
def test_devices_are_written_as_torch_does(monkeypatch: pytest.MonkeyPatch, written: str, device: str) -> None:
    monkeypatch.setenv("F5_DEVICE", written)
    assert load_settings().device == device


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("F5_DEVICE", "tpu", "cuda:N"),
        ("F5_DEVICE", "gpu", "F5_DEVICE=auto"),
        ("F5_DEVICE", "rocm", "F5_DEVICE=cuda"),
        ("F5_DEVICE", "metal", "F5_DEVICE=mps"),
        ("F5_DEVICE", "intel", "F5_DEVICE=xpu"),
        ("F5_DEVICE", "cdua", "did you mean cuda?"),
        ("F5_DEVICE", "cuda:-1", "cuda:N"),
        ("F5_DEVICE", "cuda:", "cuda:N"),
        ("F5_DEVICE", "1", "cuda:N"),
        ("F5_DEVICE", "cpu:1", "cuda:N"),
        ("F5_DEVICE", "auto:1", "cuda:N"),
        ("F5_ATTENTION", "flash", "'flash_attn'"),
        ("F5_BATCH_SECONDS", "0", "more than 0"),
        ("F5_STORE_PAGES", "example.com", "https://"),
        ("F5_NIGHTLY_BATCHES", "many", "whole number"),
    ],
)
def test_a_wrong_variable_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSetting) as refused:
        load_settings()
    assert all(fact in str(refused.value) for fact in (f"'{variable}'", reason, f"'{value}'"))


def test_all_wrong_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_DEVICE", "gpu")
    monkeypatch.setenv("F5_BATCH_SECONDS", "-3")
    with pytest.raises(BadSetting, match=r"'F5_DEVICE': .*'gpu'\)\. Setting 'F5_BATCH_SECONDS': must be more than 0"):
        load_settings()
    monkeypatch.setenv("F5_DEVISE", "cpu")
    monkeypatch.setenv("F5_STOER", "store")
    with pytest.raises(
        BadSetting, match=r"did you mean F5_DEVICE\? Setting 'F5_STOER' is unknown; did you mean F5_STORE"
    ):
        load_settings()
