"""Voices that cannot be used; models that are not here, cannot be had, or may not be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor.model import judge_licence, judge_model, see_model
from f5_pipeline.doctor.voices import judge_voices, see_voices
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.source import parse_source
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from tests.doctor.test_port import _Webserver
from tests.material import put_voices
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


def test_voices(store: LocalStore, cache: Path, tmp_path: Path) -> None:
    demo = model(tmp_path, "demo")
    assert judge_voices(see_voices(store, cache, demo)).found == "The store has no voices yet."
    put_voices(store, "f2")
    assert judge_voices(see_voices(store, cache, demo)).found == "1 voices can be used."
    store.write("voices/mute.wav", b"RIFF")
    store.write("voices/anna.wav", b"not a recording")
    store.write("voices/anna.txt", b"Hello.")
    finding = judge_voices(see_voices(store, cache, demo))
    assert finding.status == "warn"
    assert finding.found.startswith("1 can be used and 2 cannot: anna: ")
    assert "mute: it has no transcript" in finding.found


def test_the_demo_model_is_always_here(tmp_path: Path) -> None:
    demo = model(tmp_path, "demo")
    assert judge_model(demo, see_model(demo, tmp_path, None)).status == "ok"


def test_a_file_of_the_users_that_is_not_there(tmp_path: Path) -> None:
    mine = model(tmp_path, "mine")
    finding = judge_model(mine, see_model(mine, tmp_path, None))
    assert finding.status == "fail"
    assert str(tmp_path / "nowhere.safetensors") in finding.found


def test_a_hub_that_cannot_be_reached(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{servers.free_port()}")
    tiny = model(tmp_path, "tiny")
    finding = judge_model(tiny, see_model(tiny, tmp_path / "cache", None))
    assert finding.status == "fail"
    assert "(1 MB), and http://127.0.0.1" in finding.found
    assert "f5-pipeline mirror tiny" in finding.fix


def test_a_hub_that_answers(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    import threading
    from http.server import HTTPServer

    server = HTTPServer(("127.0.0.1", 0), _Webserver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    tiny = model(tmp_path, "tiny")
    finding = judge_model(tiny, see_model(tiny, tmp_path / "cache", None))
    server.shutdown()
    server.server_close()
    assert (finding.status, finding.found) == ("warn", "tiny is not here yet: the first run downloads 1 MB.")


def test_a_mirror_saves_asking_the_hub(tmp_path: Path, store: LocalStore, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HF_ENDPOINT", f"http://127.0.0.1:{servers.free_port()}")
    tiny = model(tmp_path, "tiny")
    store.write(f"models/{parse_source(tiny.checkpoint.source).key}", b"weights")
    finding = judge_model(tiny, see_model(tiny, tmp_path / "cache", store))
    assert (finding.status, finding.found) == ("ok", "tiny comes from the store's mirror: 1 MB.")


def test_licences(tmp_path: Path) -> None:
    official = model(tmp_path, "F5TTS_v1_Base")
    assert judge_licence(official, commercial=False).found.endswith("CC-BY-NC-4.0: not for commercial use.")
    forbidden = judge_licence(official, commercial=True)
    assert forbidden.status == "fail"
    assert "forbids commercial use" in forbidden.found
    assert judge_licence(model(tmp_path, "demo"), commercial=True).status == "ok"
