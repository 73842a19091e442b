"""Models whose files are missing, cannot be downloaded, or must not be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor.model import check_licence, check_model, probe_model
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.source import parse_source
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.doctor.webserver import webserver
from tests.storage import servers

TINY = """
[tiny]
base = "demo"
checkpoint = {source = "hf://owner/repo@main/model.safetensors", size = 1000000}
[mine]
base = "demo"
checkpoint = "nowhere.safetensors"
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def model(tmp_path: Path, name: str) -> ModelSpec:
    (tmp_path / "models.toml").write_text(TINY)
    return model_named(Settings(models=tmp_path / "models.toml"), name)


def test_the_demo_model_is_always_available(tmp_path: Path) -> None:
    demo = model(tmp_path, "demo")
    assert check_model(demo, probe_model(demo, tmp_path, None)).status == "ok"


def test_a_missing_local_checkpoint_fails(tmp_path: Path) -> None:
    mine = model(tmp_path, "mine")
    finding = check_model(mine, probe_model(mine, tmp_path, None))
    assert finding.status == "fail"
    assert str(tmp_path / "nowhere.safetensors") in finding.found


def test_an_unreachable_hub_fails(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{servers.free_port()}")
    tiny = model(tmp_path, "tiny")
    finding = check_model(tiny, probe_model(tiny, tmp_path / "cache", None))
    assert finding.status == "fail"
    assert "1 MB" in finding.found
    assert "http://127.0.0.1" in finding.found
    assert "f5-pipeline mirror tiny" in finding.fix


def test_missing_files_of_a_reachable_hub_are_a_warning(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    tiny = model(tmp_path, "tiny")
    with webserver() as port:
        environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
        finding = check_model(tiny, probe_model(tiny, tmp_path / "cache", None))
    assert (finding.status, "1 MB" in finding.found) == ("warn", True)


def test_a_mirrored_model_needs_no_hub(tmp_path: Path, store: LocalStore, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{servers.free_port()}")
    tiny = model(tmp_path, "tiny")
    store.write(f"models/{parse_source(tiny.checkpoint.source).key}", b"weights")
    finding = check_model(tiny, probe_model(tiny, tmp_path / "cache", store))
    assert (finding.status, "mirror" in finding.found) == ("ok", True)


def test_a_licence_that_forbids_commercial_use_fails_if_commercial_is_set(tmp_path: Path) -> None:
    official = model(tmp_path, "F5TTS_v1_Base")
    assert "CC-BY-NC-4.0" in check_licence(official, commercial=False).found
    forbidden = check_licence(official, commercial=True)
    assert forbidden.status == "fail"
    assert check_licence(model(tmp_path, "demo"), commercial=True).status == "ok"
