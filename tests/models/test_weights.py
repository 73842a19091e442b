"""A model's files: fetched once, verified by sha256, and checked for consistency."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from f5_pipeline.errors import (
    BadWeights,
    FileAltered,
    FileUnusable,
    LicenceForbids,
    NotEnoughDisk,
    WeightsUnavailable,
)
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.shapes import expected_shapes
from f5_pipeline.models.spec import ModelSpec, SourceFile
from f5_pipeline.models.weights import ensure_weights, fingerprint_model, local_vocabulary, mirror, missing_bytes
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage import retry, web_route
from f5_pipeline.storage.local import LocalStore
from tests.file_server import FileServer, serving

ARCH: dict[str, Any] = {
    "dim": 32,
    "depth": 1,
    "heads": 1,
    "dim_head": 8,
    "ff_mult": 2,
    "text_dim": 16,
    "conv_layers": 1,
}
VOCABULARY = " \na\nb\nc\n"
REPO = "someone/tiny"
KEY = "models/hf/someone/tiny/main/{}"
FILES = ("model.safetensors", "vocab.txt")
VOCODER = ("config.yaml", "pytorch_model.bin")
#: YAML whose aliases stand for 10 ** 20 values.
BOMB = "[&a0 [1], " + ", ".join(f"&a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)) + "]"
LISTED = "{class_path: vocos.feature_extractors.MelSpectrogramFeatures, init_args: [1]}"


def checkpoint(arch: dict[str, Any] = ARCH, tokens: int = 4, prefix: str = "ema_model.transformer.") -> bytes:
    """A checkpoint of zeros in the form that upstream's training writes."""
    shapes = expected_shapes(arch, tokens)
    tensors = {prefix + name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return save({**tensors, "step": np.zeros((), np.int64), "initted": np.ones((), np.bool_)})


@pytest.fixture(scope="session")
def contents() -> dict[str, bytes]:
    vocos = files("f5_pipeline.demo").joinpath("vocos")
    return {
        "model.safetensors": checkpoint(),
        "vocab.txt": VOCABULARY.encode(),
        "config.yaml": vocos.joinpath("config.yaml").read_bytes(),
        "pytorch_model.bin": vocos.joinpath("pytorch_model.bin").read_bytes(),
    }


def spec_of(source: Callable[[str], SourceFile], vocoder: Callable[[str], SourceFile] | None = None) -> ModelSpec:
    """A tiny model, by default with the demo's vocoder."""
    demo = load_catalogue(Settings())["demo"]
    files_ = [source(name) for name in FILES]
    files_ += [vocoder(name) for name in VOCODER] if vocoder else [demo.vocoder_config, demo.vocoder_weights]
    return ModelSpec("tiny", "", "DiT", ARCH, "characters", *files_, ("en",), "CC-BY-NC-4.0", False)


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(retry, "sleep", lambda seconds: None)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "nobody"))


@pytest.fixture
def hub(contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A model hub with one repository."""
    paths = {f"/{REPO}/resolve/main/{name}": content for name, content in contents.items()}
    with serving(paths) as server:
        server.headers = {"X-Repo-Commit": "0123456789abcdef0123456789abcdef01234567"}
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


@pytest.fixture
def on_hub() -> ModelSpec:
    return spec_of(lambda name: SourceFile(f"hf://{REPO}@main/{name}"))


@pytest.fixture
def local(contents: dict[str, bytes], tmp_path: Path) -> ModelSpec:
    """The same model in the user's local files."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return spec_of(lambda name: SourceFile(str(folder / name)))


@pytest.fixture
def own_vocoder(local: ModelSpec) -> ModelSpec:
    """The local model with a local vocoder."""
    folder = Path(local.checkpoint.source).parent
    config, weights = (SourceFile(str(folder / name)) for name in VOCODER)
    return dataclasses.replace(local, vocoder_config=config, vocoder_weights=weights)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- the embedded model -----------------------------------------------------------------------------------------


def test_the_demo_needs_no_network_no_torch_and_no_cache(tmp_path: Path) -> None:
    code = f"""
import socket, sys
def refuse(*_): raise AssertionError("network")
socket.socket.connect = refuse
from pathlib import Path
from f5_pipeline.settings.environment import Settings
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.weights import ensure_weights, local_vocabulary
spec = load_catalogue(Settings())["demo"]
files = ensure_weights(spec, Path({str(tmp_path / "cache")!r}), None)
assert files.checkpoint.is_file() and files.bytes_downloaded == 0, files
assert {{path.name for path in files.vocoder.iterdir()}} == {{"config.yaml", "pytorch_model.bin"}}
assert local_vocabulary(spec) == frozenset("abcdefghijklmnopqrstuvwxyz',.?! ")
print(sorted({{"torch", "f5_tts", "dagster", "huggingface_hub"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_official_vocabulary_needs_no_download(tmp_path: Path) -> None:
    catalogue = load_catalogue(Settings())
    vocabulary = local_vocabulary(catalogue["F5TTS_v1_Base"])
    assert vocabulary is not None
    assert len(vocabulary) == 2545
    assert local_vocabulary(catalogue["F5TTS_fi"], tmp_path) is None


# --- fetching ---------------------------------------------------------------------------------------------------


def test_the_hub_is_asked_once(hub: FileServer, on_hub: ModelSpec, cache: Path, contents: dict[str, bytes]) -> None:
    expected = sum(len(contents[name]) for name in FILES)
    first = ensure_weights(on_hub, cache, None)
    assert first.bytes_downloaded == expected
    assert first.checkpoint.read_bytes() == contents["model.safetensors"]
    requests = len(hub.gets)
    again = ensure_weights(on_hub, cache, None)
    assert (again.bytes_downloaded, len(hub.gets)) == (0, requests)
    assert again.fingerprint == first.fingerprint
    assert missing_bytes(on_hub, cache) == 0


def test_a_busy_hub_is_retried(hub: FileServer, on_hub: ModelSpec, cache: Path) -> None:
    hub.statuses = [503, 503]
    assert ensure_weights(on_hub, cache, None).bytes_downloaded > 0


def test_a_broken_connection_is_resumed(
    hub: FileServer, on_hub: ModelSpec, cache: Path, contents: dict[str, bytes]
) -> None:
    hub.cut_after = [70_000]
    files_ = ensure_weights(on_hub, cache, None)
    assert files_.checkpoint.read_bytes() == contents["model.safetensors"]


@pytest.mark.usefixtures("no_hub")
def test_without_a_hub_the_error_lists_the_files_and_their_paths(
    on_hub: ModelSpec, cache: Path, contents: dict[str, bytes]
) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        ensure_weights(on_hub, cache, None)
    message = str(caught.value)
    for name in FILES:
        place = cache / KEY.format(name)
        assert str(place) in message
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(contents[name])
    assert ensure_weights(on_hub, cache, None).bytes_downloaded == 0


def test_a_missing_repository(hub: FileServer, on_hub: ModelSpec, cache: Path) -> None:
    hub.files.clear()
    with pytest.raises(WeightsUnavailable, match="no such repository"):
        ensure_weights(on_hub, cache, None)


def test_a_gated_repository(hub: FileServer, on_hub: ModelSpec, cache: Path) -> None:
    hub.files.clear()
    hub.missing_status = 401
    with pytest.raises(WeightsUnavailable, match="HF_TOKEN"):
        ensure_weights(on_hub, cache, None)


@pytest.mark.parametrize("pinned", [True, False])
def test_the_hub_obeys_the_policy_of_downloads(
    contents: dict[str, bytes], cache: Path, monkeypatch: pytest.MonkeyPatch, pinned: bool
) -> None:
    """A hub that counts as public redirects to an address of a private network."""
    real = web_route.is_public
    monkeypatch.setattr(web_route, "is_public", lambda address: address == "127.0.0.2" or real(address))
    sha256 = _sha256(contents["model.safetensors"]) if pinned else None
    spec = spec_of(lambda name: SourceFile(f"hf://{REPO}@main/{name}", sha256))
    with serving() as inside, serving(host="127.0.0.2") as hub:
        hub.headers = {"X-Repo-Commit": "0" * 40, "ETag": "x"}
        hub.redirect[f"/{REPO}/resolve/main/model.safetensors"] = f"{inside.url}/secret"
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        with pytest.raises(WeightsUnavailable, match="private network" if pinned else "plain http"):
            ensure_weights(spec, cache, None)
        assert inside.gets == []


def test_a_file_that_is_larger_than_its_size_in_the_catalogue(contents: dict[str, bytes], cache: Path) -> None:
    with serving({f"/{name}": content for name, content in contents.items()}) as server:
        spec = spec_of(lambda name: SourceFile(f"{server.url}/{name}", size=len(VOCABULARY)))
        with pytest.raises(WeightsUnavailable, match=f"larger than {len(VOCABULARY)} bytes"):
            ensure_weights(spec, cache, None)


# --- sha256 -----------------------------------------------------------------------------------------------------


def test_an_altered_download_leaves_no_file(
    hub: FileServer, on_hub: ModelSpec, cache: Path, contents: dict[str, bytes]
) -> None:
    path = f"/{REPO}/resolve/main/model.safetensors"
    hub.files[path] = flipped(contents["model.safetensors"])
    pinned = dataclasses.replace(
        on_hub, checkpoint=dataclasses.replace(on_hub.checkpoint, sha256=_sha256(contents["model.safetensors"]))
    )
    with pytest.raises(FileAltered, match=r"model\.safetensors"):
        ensure_weights(pinned, cache, None)
    assert [path for path in cache.rglob("*") if path.is_file() and ".lock" not in path.name] == []
    hub.files[path] = contents["model.safetensors"]
    assert ensure_weights(pinned, cache, None).checkpoint.is_file()


@pytest.mark.parametrize("damage", [lambda data: data[:-100], flipped])
def test_a_damaged_file_in_the_cache(
    hub: FileServer, on_hub: ModelSpec, cache: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = ensure_weights(on_hub, cache, None).checkpoint
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileAltered, match="Delete it"):
        ensure_weights(on_hub, cache, None)
    path.unlink()
    assert ensure_weights(on_hub, cache, None).checkpoint == path


def test_without_a_sha256_later_downloads_must_match_the_first(hub: FileServer, on_hub: ModelSpec, cache: Path) -> None:
    path = ensure_weights(on_hub, cache, None).checkpoint
    path.unlink()
    hub.files[f"/{REPO}/resolve/main/model.safetensors"] = checkpoint(prefix="ema_model.")
    with pytest.raises(FileAltered, match=r"record\.json"):
        ensure_weights(on_hub, cache, None)


def test_a_local_file_may_change(local: ModelSpec, cache: Path) -> None:
    first = ensure_weights(local, cache, None)
    first.checkpoint.write_bytes(checkpoint(prefix="transformer."))
    second = ensure_weights(local, cache, None)
    assert second.fingerprint != first.fingerprint
    assert second.checkpoint == first.checkpoint


def test_a_missing_local_file(local: ModelSpec, cache: Path) -> None:
    path = Path(local.vocabulary.source)
    path.unlink()
    with pytest.raises(BadWeights, match=f"vocabulary {path}"):
        ensure_weights(local, cache, None)


# --- the mirror -------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_a_mirror_serves_machines_without_a_hub(
    hub: FileServer, on_hub: ModelSpec, cache: Path, store: LocalStore, tmp_path: Path
) -> None:
    assert [each.uploaded for each in mirror(on_hub, cache, store)] == [True] * 2
    assert store.stat(KEY.format("model.safetensors")) is not None
    hub.gets.clear()
    assert not any(each.uploaded for each in mirror(on_hub, cache, store))
    other = ensure_weights(on_hub, tmp_path / "other", store)
    assert other.bytes_downloaded > 0
    assert hub.gets == []


def test_a_mirrored_file_must_match_its_record(
    hub: FileServer, on_hub: ModelSpec, cache: Path, store: LocalStore, tmp_path: Path
) -> None:
    mirror(on_hub, cache, store)
    store.write(KEY.format("vocab.txt"), b" \na\nb\nd\n")
    with pytest.raises(FileAltered, match=r"vocab\.txt"):
        ensure_weights(on_hub, tmp_path / "other", store)


def test_an_unfinished_upload_is_repeated(hub: FileServer, on_hub: ModelSpec, cache: Path, store: LocalStore) -> None:
    mirror(on_hub, cache, store)
    store.delete(KEY.format("vocab.txt") + ".record.json")
    assert [Path(each.location).name for each in mirror(on_hub, cache, store) if each.uploaded] == ["vocab.txt"]


def test_packaged_files_are_not_mirrored(cache: Path, store: LocalStore) -> None:
    assert mirror(load_catalogue(Settings())["demo"], cache, store) == []
    assert list(store.list()) == []


# --- many processes ---------------------------------------------------------------------------------------------

_FETCH = """
import sys
from pathlib import Path
from f5_pipeline.models.files import fetch
from f5_pipeline.models.spec import SourceFile
done = fetch("tiny", "checkpoint", SourceFile(sys.argv[1], sys.argv[2]), Path(sys.argv[3]), None)
print(done.bytes_downloaded)
"""


def _fetching(server: FileServer, content: bytes, cache: Path) -> subprocess.Popen[str]:
    server.files["/big.safetensors"] = content
    command = [sys.executable, "-c", _FETCH, f"{server.url}/big.safetensors", _sha256(content), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_eight_processes_at_once_make_one_download(cache: Path) -> None:
    content = os.urandom(2_000_000)
    with serving() as server:
        server.delay = 0.02
        processes = [_fetching(server, content, cache) for _ in range(8)]
        received = sorted(int(process.communicate()[0]) for process in processes)
        assert received == [0] * 7 + [len(content)]
        assert server.count("/big.safetensors") == 1


@pytest.mark.slow
def test_a_killed_download_is_resumed(cache: Path) -> None:
    content = os.urandom(2_000_000)
    with serving() as server:
        server.delay = 0.02
        first = _fetching(server, content, cache)
        while server.sent < 700_000:
            assert first.poll() is None
            time.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert not [path for path in cache.rglob("*") if path.suffix == ".safetensors"]
        received = int(_fetching(server, content, cache).communicate()[0])
        assert 0 < received < len(content)
    assert [path.read_bytes() for path in cache.rglob("*") if path.suffix == ".safetensors"] == [content]


# --- disks ------------------------------------------------------------------------------------------------------


def test_a_disk_that_is_too_small_is_found_before_the_download(hub: FileServer, on_hub: ModelSpec, cache: Path) -> None:
    huge = dataclasses.replace(on_hub, checkpoint=dataclasses.replace(on_hub.checkpoint, size=10**15))
    with pytest.raises(NotEnoughDisk, match="1,000,000,0") as caught:
        ensure_weights(huge, cache, None)
    assert caught.value.available < caught.value.needed
    assert hub.gets == []


def test_a_disk_that_fills_up_keeps_no_partial_file(cache: Path) -> None:
    """A limit on the size of files stands in for the full disk: the write fails the same way."""
    content = os.urandom(2_000_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving({"/big.safetensors": content}) as server:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
        try:
            from f5_pipeline.models.files import fetch

            with pytest.raises(FileUnusable):
                fetch("tiny", "c", SourceFile(f"{server.url}/big.safetensors", _sha256(content)), cache, None)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) < 1_000


def test_a_model_with_its_vocoder_from_the_hub(hub: FileServer, cache: Path) -> None:
    source = lambda name: SourceFile(f"hf://{REPO}@main/{name}")  # noqa: E731
    ready = ensure_weights(spec_of(source, source), cache, None)
    assert ready.vocoder == ready.checkpoint.parent
    assert (cache / "models" / "proven" / ready.fingerprint).is_file()


def test_the_missing_bytes_are_estimated_from_the_architecture(tmp_path: Path) -> None:
    catalogue = load_catalogue(Settings())
    assert 1.3e9 < missing_bytes(catalogue["F5TTS_v1_Base"], tmp_path) < 1.5e9
    assert missing_bytes(catalogue["demo"], tmp_path) == 0


# --- consistency ------------------------------------------------------------------------------------------------------


def test_a_checkpoint_of_another_architecture(local: ModelSpec, cache: Path) -> None:
    other = dataclasses.replace(local, arch={**ARCH, "depth": 2, "ff_mult": 4})
    with pytest.raises(BadWeights, match=r"transformer_blocks\.0\.ff.* is 64 and should be 128") as caught:
        ensure_weights(other, cache, None)
    assert str(caught.value).count(";") <= 3


def test_a_vocabulary_of_another_model(local: ModelSpec, cache: Path) -> None:
    Path(local.vocabulary.source).write_text(" \na\nb\nc\nd\n")
    with pytest.raises(BadWeights, match="has 5 tokens, the checkpoint 4"):
        ensure_weights(local, cache, None)


def test_a_checkpoint_without_its_text_embedding(local: ModelSpec, cache: Path) -> None:
    shapes = expected_shapes(ARCH, 4)
    del shapes["text_embed.text_embed.weight"]
    Path(local.checkpoint.source).write_bytes(save({name: np.zeros(shape) for name, shape in shapes.items()}))
    with pytest.raises(BadWeights, match=r"text_embed\.text_embed\.weight is absent"):
        ensure_weights(local, cache, None)


@pytest.mark.parametrize("vocabulary", [b"", b"\xff\xfe\x00"])
def test_an_invalid_vocabulary(local: ModelSpec, cache: Path, vocabulary: bytes) -> None:
    Path(local.vocabulary.source).write_bytes(vocabulary)
    with pytest.raises(BadWeights, match="vocabulary"):
        ensure_weights(local, cache, None)


def test_a_truncated_checkpoint(local: ModelSpec, cache: Path) -> None:
    path = Path(local.checkpoint.source)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadWeights, match="not a complete safetensors file"):
        ensure_weights(local, cache, None)


def test_a_failed_check_is_not_recorded_as_passed(local: ModelSpec, cache: Path) -> None:
    other = dataclasses.replace(local, arch={**ARCH, "depth": 2})
    for _ in range(2):
        with pytest.raises(BadWeights):
            ensure_weights(other, cache, None)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("vocos.heads.ISTFTHead", "subprocess.Popen", "subprocess.Popen"),
        ("sample_rate: 24000", "sample_rate: 22050", "sample_rate 22050"),
        ("hop_length: 256", "hop_length: 300", "hop_length 300"),
        ("num_layers: 4", "num_layers: 5", r"convnext\.4"),
        ("num_layers: 4", "other: 4", "num_layers"),
        ("num_layers: 4", "num_layers: 1000000000", "num_layers"),
        ("num_layers: 4", "num_layers: '4'", "num_layers"),
        ("backbone:", f"feature_extractor: {LISTED}\nbackbone:", "configuration of a Vocos"),
        ("feature_extractor:", "x: " + "[" * 3000 + "\nfeature_extractor:", "configuration of a Vocos"),
        ("backbone:", "spine:", "configuration of a Vocos"),
        ("sample_rate: 24000", f"sample_rate: {BOMB}", "configuration of a Vocos"),
        ("backbone:", "#" + "x" * 100_000 + "\nbackbone:", "configuration of a Vocos"),
    ],
)
def test_a_vocoder_that_does_not_match(own_vocoder: ModelSpec, cache: Path, old: str, new: str, reason: str) -> None:
    path = Path(own_vocoder.vocoder_config.source)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadWeights, match=reason):
        ensure_weights(own_vocoder, cache, None)


def test_a_torch_file_that_contains_code_is_not_opened(local: ModelSpec, cache: Path, tmp_path: Path) -> None:
    import torch

    class Evil:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.system, (f"touch {tmp_path / 'owned'}",)

    path = Path(local.checkpoint.source).with_suffix(".pt")
    torch.save({"ema_model_state_dict": {"x": torch.zeros(1)}, "evil": Evil()}, path)
    with pytest.raises(BadWeights, match="only tensors"):
        ensure_weights(dataclasses.replace(local, checkpoint=SourceFile(str(path))), cache, None)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_checkpoint(local: ModelSpec, cache: Path, zipped: bool) -> None:
    import torch

    shapes = expected_shapes(ARCH, 4)
    state = {f"ema_model.transformer.{name}": torch.zeros(shape) for name, shape in shapes.items()}
    path = Path(local.checkpoint.source).with_suffix(".pt")
    torch.save(
        {"ema_model_state_dict": {**state, "step": torch.tensor(1)}, "update": 7},
        path,
        _use_new_zipfile_serialization=zipped,
    )
    assert ensure_weights(dataclasses.replace(local, checkpoint=SourceFile(str(path))), cache, None).checkpoint == path


def test_a_torch_py_in_the_working_folder_is_not_imported(
    own_vocoder: ModelSpec, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('not torch')")
    monkeypatch.chdir(tmp_path)
    assert ensure_weights(own_vocoder, cache, None).bytes_downloaded == 0


def test_a_cache_that_cannot_record_the_check(local: ModelSpec, cache: Path) -> None:
    (cache / "models").mkdir(parents=True)
    (cache / "models" / "proven").write_text("a file where the records would be, as on a read-only disk")
    assert ensure_weights(local, cache, None).fingerprint == ensure_weights(local, cache, None).fingerprint


def test_a_vocoder_in_two_places_is_gathered(own_vocoder: ModelSpec, cache: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere.bin"
    Path(own_vocoder.vocoder_weights.source).rename(moved)
    ready = ensure_weights(dataclasses.replace(own_vocoder, vocoder_weights=SourceFile(str(moved))), cache, None)
    assert {path.name for path in ready.vocoder.iterdir()} == {"config.yaml", "pytorch_model.bin"}
    assert (ready.vocoder / "pytorch_model.bin").read_bytes() == moved.read_bytes()


# --- word timing ------------------------------------------------------------------------------------------------


@pytest.fixture
def timed(local: ModelSpec) -> ModelSpec:
    """The local model with a table of word durations."""
    path = Path(local.checkpoint.source).with_name("spacing.json")
    path.write_text('{"frames_per_token": 3, "frames": {"#a": 9}}')
    return dataclasses.replace(local, spacing=SourceFile(str(path)))


def test_the_table_of_word_durations_is_one_of_the_models_files(
    local: ModelSpec, timed: ModelSpec, cache: Path
) -> None:
    without, with_table = ensure_weights(local, cache, None), ensure_weights(timed, cache, None)
    assert without.spacing is None
    assert timed.spacing is not None
    assert with_table.spacing == Path(timed.spacing.source)
    assert with_table.fingerprint != without.fingerprint
    Path(timed.spacing.source).write_text('{"frames_per_token": 3, "frames": {"#a": 10}}')
    assert ensure_weights(timed, cache, None).fingerprint != with_table.fingerprint


def test_an_invalid_table_of_word_durations_is_found_before_loading(timed: ModelSpec, cache: Path) -> None:
    assert timed.spacing is not None
    Path(timed.spacing.source).write_text("{}")
    for _ in range(2):  # the first failure is not recorded as passed
        with pytest.raises(BadWeights, match=r"spacing\.json"):
            ensure_weights(timed, cache, None)


# --- fingerprint and licence ------------------------------------------------------------------------------------


def test_the_fingerprint_covers_everything_that_shapes_the_sound(local: ModelSpec) -> None:
    hashes = dict.fromkeys(local.files, "0" * 64)
    prints = {
        fingerprint_model(local, hashes),
        fingerprint_model(dataclasses.replace(local, tokenizer="pinyin"), hashes),
        fingerprint_model(dataclasses.replace(local, arch={**ARCH, "text_mask_padding": False}), hashes),
        *(fingerprint_model(local, {**hashes, key: "1" * 64}) for key in hashes),
    }
    assert len(prints) == 7
    explicit_default = dataclasses.replace(local, name="x", description="y", arch={**ARCH, "text_mask_padding": True})
    assert fingerprint_model(explicit_default, hashes) in prints


def test_non_commercial_weights_are_refused_for_commercial_use(hub: FileServer, on_hub: ModelSpec, cache: Path) -> None:
    with pytest.raises(LicenceForbids, match="CC-BY-NC"):
        ensure_weights(on_hub, cache, None, commercial=True)
    assert hub.gets == []
    assert ensure_weights(load_catalogue(Settings())["demo"], cache, None, commercial=True).checkpoint.is_file()


def test_records_are_plain_json(hub: FileServer, on_hub: ModelSpec, cache: Path, contents: dict[str, bytes]) -> None:
    path = ensure_weights(on_hub, cache, None).vocabulary
    record = json.loads(path.with_name("vocab.txt.record.json").read_text())
    assert record["sha256"] == _sha256(contents["vocab.txt"])
