"""Models whose files are missing, cannot be downloaded, or must not be used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from f5_pipeline.doctor.model import check_licence, check_model, probe_model
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.source import parse_source
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.doctor.webserver import webserver
from tests.models import hub_server
from tests.models.hub_server import Hub
from tests.storage import servers

TINY = """
[tiny]
base = "demo"
checkpoint = {source = "hf://owner/repo@main/model.safetensors", size = 1000000}
[web]
base = "demo"
checkpoint = {source = "URL/model.safetensors", size = 1000000}
[mine]
base = "demo"
checkpoint = "nowhere.safetensors"
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def model(tmp_path: Path, name: str, url: str = "https://example.com") -> ModelSpec:
    (tmp_path / "models.toml").write_text(TINY.replace("URL", url))
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


@pytest.fixture
def hub(environment: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    environment.setenv("HF_HOME", str(tmp_path / "home"))
    with hub_server.hub({"model.safetensors": b"weights"}) as server:
        environment.setenv("HF_ENDPOINT", server.url)
        yield server


def test_a_gated_repository_fails_before_the_run(tmp_path: Path, hub: Hub) -> None:
    hub.answers = [(401, {"X-Error-Code": "GatedRepo"})]
    tiny = model(tmp_path, "tiny")
    finding = check_model(tiny, probe_model(tiny, tmp_path / "cache", None))
    assert finding.status == "fail"
    assert "gated" in finding.found
    assert "HF_TOKEN" in finding.fix
    assert hub.starts == [0]


def test_offline_a_missing_file_fails(tmp_path: Path, hub: Hub, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HF_HUB_OFFLINE", "1")
    tiny = model(tmp_path, "tiny")
    finding = check_model(tiny, probe_model(tiny, tmp_path / "cache", None))
    assert finding.status == "fail"
    assert "HF_HUB_OFFLINE" in finding.found
    assert hub.requests == []


def test_a_model_in_the_hugging_face_cache_needs_no_hub(tmp_path: Path, hub: Hub) -> None:
    repository = tmp_path / "home" / "hub" / "models--owner--repo"
    for folder in (repository / "refs", repository / "snapshots" / hub.commit):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text(hub.commit)
    (repository / "snapshots" / hub.commit / "model.safetensors").write_bytes(b"weights")
    tiny = model(tmp_path, "tiny")
    finding = check_model(tiny, probe_model(tiny, tmp_path / "cache", None))
    assert (finding.status, str(repository.parent) in finding.found) == ("ok", True)
    assert hub.requests == []


def test_a_web_server_is_asked_for_the_file_itself(tmp_path: Path, hub: Hub) -> None:
    web = model(tmp_path, "web", f"{hub.url}/resolve/main")
    assert check_model(web, probe_model(web, tmp_path / "cache", None)).status == "warn"
    assert hub.starts == [0]
    for server, fact in ((hub.url, "404"), (f"http://127.0.0.1:{servers.free_port()}", "Connection refused")):
        web = model(tmp_path, "web", server)
        finding = check_model(web, probe_model(web, tmp_path / "cache", None))
        assert finding.status == "fail"
        assert server in finding.found
        assert fact in finding.found
        assert "f5-pipeline mirror web" in finding.fix


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
