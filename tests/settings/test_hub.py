"""The variables and files of the Hugging Face hub's own library."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.display.secrets import redact
from f5_pipeline.errors import BadSetting
from f5_pipeline.settings.hub import hub_settings

HOME = Path("~/.cache/huggingface").expanduser()

# Variables, and the folder of the user's cache.
CACHES = [
    ({}, HOME / "hub"),
    ({"HF_HOME": "/a"}, Path("/a/hub")),
    ({"HF_HOME": "~/a"}, Path("~/a/hub").expanduser()),
    ({"XDG_CACHE_HOME": "/x"}, Path("/x/huggingface/hub")),
    ({"HF_HUB_CACHE": "/c", "HF_HOME": "/a"}, Path("/c")),
    ({"HUGGINGFACE_HUB_CACHE": "/old"}, Path("/old")),
    ({"HF_HUB_CACHE": "", "HF_HOME": ""}, HOME / "hub"),
]


@pytest.mark.parametrize(("variables", "folder"), CACHES)
def test_the_folder_of_the_cache(variables: dict[str, str], folder: Path) -> None:
    assert hub_settings(variables).cache == folder


@pytest.mark.parametrize(
    ("value", "endpoint"),
    [
        ("", "https://huggingface.co"),
        ("https://hf-mirror.com/", "https://hf-mirror.com"),
        ("http://10.0.0.1:8081/artifactory/api/huggingfaceml/hub", None),
    ],
)
def test_the_endpoint(value: str, endpoint: str | None) -> None:
    assert hub_settings({"HF_ENDPOINT": value}).endpoint == (endpoint or value)


@pytest.mark.parametrize("value", ["hf-mirror.com", "ftp://host", "https://", "http://host:x"])
def test_an_endpoint_that_is_no_web_address(value: str) -> None:
    with pytest.raises(BadSetting, match="HF_ENDPOINT"):
        hub_settings({"HF_ENDPOINT": value})


@pytest.mark.parametrize(
    ("value", "offline"), [("1", True), ("true", True), ("ON", True), ("0", False), ("", False), ("no", False)]
)
def test_offline(value: str, offline: bool) -> None:
    assert hub_settings({"HF_HUB_OFFLINE": value}).offline is offline
    assert hub_settings({"TRANSFORMERS_OFFLINE": value}).offline is offline


def test_the_token_is_that_of_the_environment_else_of_the_file(tmp_path: Path) -> None:
    home = {"HF_HOME": str(tmp_path)}
    assert hub_settings(home).token is None
    (tmp_path / "token").write_text("hf_in_the_home\n")
    assert hub_settings(home).token == "hf_in_the_home"
    (tmp_path / "elsewhere").write_text("hf_elsewhere")
    assert hub_settings({**home, "HF_TOKEN_PATH": str(tmp_path / "elsewhere")}).token == "hf_elsewhere"
    assert hub_settings({**home, "HF_TOKEN": " hf_set\n"}).token == "hf_set"
    assert hub_settings({**home, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}).token is None


def test_the_token_of_the_file_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hf_SECRET_of_the_file\n")
    found = hub_settings({"HF_HOME": str(tmp_path)})
    assert "SECRET" not in repr(found)
    assert "SECRET" not in redact("Bearer hf_SECRET_of_the_file")
