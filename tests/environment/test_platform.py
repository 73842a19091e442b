"""Platform tags, and the attention that follows from them, without importing torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from f5_pipeline.environment import attention, platform, proof, record
from f5_pipeline.environment.attention import changes_since_proof, prove_environment
from f5_pipeline.environment.installed import InstalledFiles, changes, installed_files
from f5_pipeline.environment.platform import PlatformTags, read_tags, torch_version
from f5_pipeline.errors import AttentionUnavailable, EnvironmentBroken, GpuUnusable, NotEnoughDisk
from f5_pipeline.settings.environment import Settings

GPU = PlatformTags("cp311", "linux", "x86_64", "2.35", "2.7.1+cu126", "12.6", True, "A100", (8, 0))


def test_the_version_of_torch_is_read_without_importing_it() -> None:
    import torch

    assert torch_version() == (torch.__version__, torch.version.cuda)


def test_the_tags_of_this_interpreter() -> None:
    tags = read_tags()
    assert tags.python == f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert tags.architecture in {"x86_64", "aarch64"}
    assert tags.torch_minor == ".".join(str(tags.torch).split(".")[:2])


def test_a_cuda_build_of_torch_is_queried_in_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reports its ABI, and its GPU if there is one."""
    import torch

    monkeypatch.setattr(platform, "torch_version", lambda: (torch.__version__, "12.6"))
    tags = read_tags()
    assert tags.cxx11_abi is bool(torch._C._GLIBCXX_USE_CXX11_ABI)
    assert (tags.capability is None) is not torch.cuda.is_available()


def test_a_torch_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "torch_version", lambda: ("2.7.1", "12.6"))
    monkeypatch.setattr(platform, "QUERY_TORCH", "raise OSError('libcudart.so.12 is missing')")
    with pytest.raises(EnvironmentBroken, match="libcudart"):
        read_tags()


@pytest.mark.parametrize(
    ("tags", "settings", "reason"),
    [
        (GPU, {"attention": "torch"}, "F5_ATTENTION is torch"),
        (GPU, {"device": "cpu"}, "F5_DEVICE is cpu"),
        (GPU, {"precision": "float32"}, "float32"),
        (replace(GPU, torch=None), {}, "not installed"),
        (replace(GPU, torch="2.13.0+cpu", cuda=None), {}, "without CUDA"),
        (replace(GPU, capability=None, gpu=None), {}, "sees no GPU"),
        (replace(GPU, capability=(7, 5), gpu="Tesla T4"), {}, "Tesla T4 has compute capability 7.5"),
    ],
)
def test_the_reason_for_torch_attention(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tags: PlatformTags, settings: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(attention, "read_tags", lambda device: tags)
    report = prove_environment(Settings(cache=tmp_path, **settings))
    assert report.attention == "torch"
    assert report.reason.startswith("torch attention, because ")
    assert reason in report.reason
    if settings.get("attention") != "torch":
        with pytest.raises(AttentionUnavailable, match=reason.replace(".", r"\.")):
            prove_environment(Settings(cache=tmp_path, **{**settings, "attention": "flash_attn"}))


def test_a_second_call_reuses_the_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path)
    first = prove_environment(settings)

    def refuse(device: str) -> PlatformTags:
        raise AssertionError("queried again")

    monkeypatch.setattr(attention, "read_tags", refuse)
    again = prove_environment(settings)
    assert again.reused
    assert replace(again, seconds=0.0, reused=False) == replace(first, seconds=0.0)


def test_machines_that_share_only_the_cache_have_separate_locks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Pods of one image have separate environments at the same path. A shared environment has one lock."""

    def lock_on(host: str, shared: bool) -> Path:
        monkeypatch.setattr(attention, "host_slug", lambda: host)
        monkeypatch.setattr(attention, "is_network_filesystem", lambda folder: shared)
        return attention._lock(Settings(cache=tmp_path))

    assert lock_on("one", shared=False) == lock_on("one", shared=False) != lock_on("two", shared=False)
    assert lock_on("one", shared=True) == lock_on("two", shared=True)


def test_other_settings_have_another_record(tmp_path: Path) -> None:
    settings = [{}, {"device": "cpu"}, {"precision": "float32"}, {"flash_attn": "x"}, {"wheels": "y"}]
    paths = {record.record_path(Settings(cache=tmp_path, **each)) for each in settings}  # type: ignore[arg-type]
    assert len(paths) == len(settings)


def test_the_record_has_no_secrets(tmp_path: Path) -> None:
    """Nor has the hash in its name: another token is no reason to prove the environment again."""
    settings, other = (
        Settings(cache=tmp_path, wheels=SecretStr(f"https://me:{token}@mirror/wheels")) for token in ("pa55word", "new")
    )
    prove_environment(settings)
    assert "pa55word" not in record.record_path(settings).read_text()
    assert record.record_path(settings) == record.record_path(other)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"tags": 3, "installed": 4}'])
def test_a_damaged_record_counts_as_none(tmp_path: Path, damage: str) -> None:
    settings = Settings(cache=tmp_path)
    prove_environment(settings)
    record.record_path(settings).write_text(damage)
    assert not prove_environment(settings).reused
    assert prove_environment(settings).reused


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDisk, match="to be fetched later"):
        prove_environment(Settings(cache=tmp_path), bytes_to_come=10**15)


def test_a_read_only_cache_is_ignored(tmp_path: Path) -> None:
    report = record.EnvironmentReport("torch", "why", GPU, installed_files())
    (tmp_path / "file").write_text("")
    record.write_record(tmp_path / "file" / "record.json", report)
    assert record.read_record(tmp_path / "file" / "record.json") is None


def test_changes_are_sentences(tmp_path: Path) -> None:
    before = InstalledFiles("2.7.1", "2.8.3", {"/a.so": "1", "/b.so": "2", "/c.py": "3", "/d": "4"})
    assert changes(before, before) == []
    assert changes(before, replace(before, torch="2.8.0")) == ["torch was 2.7.1 and is now 2.8.0"]
    assert changes(before, replace(before, flash_attn=None)) == ["flash_attn was 2.8.3 and is now not installed"]
    altered = changes(before, replace(before, files={"/a.so": "other", "/new": "5"}))
    assert altered == ["reinstalled or altered: /a.so, /b.so, /c.py and 2 more files"]


def test_changes_are_reported_against_each_proof(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also if another step has proven the altered files meanwhile, and in the report that found them altered."""
    settings = Settings(cache=tmp_path)
    first = prove_environment(settings)
    assert changes_since_proof(first) == []
    altered = replace(first.installed, torch="0.1")
    monkeypatch.setattr(attention, "installed_files", lambda: altered)
    second = prove_environment(settings)
    expected = [f"torch was {first.installed.torch} and is now 0.1"]
    assert (second.reused, changes_since_proof(first), changes_since_proof(second)) == (False, expected, expected)
    third = prove_environment(settings)
    assert (third.reused, changes_since_proof(third)) == (True, [])


def test_a_gpu_that_does_not_compute_says_nothing_about_flash_attn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its memory may be full. Then nothing is removed or recorded."""
    full = "def full(*_, **__): raise RuntimeError('CUDA out of memory. Tried 2 MiB')\ntorch.randn = full\n"
    monkeypatch.setattr(proof, "PROOF_SCRIPT", proof.PROOF_SCRIPT.replace("import torch\n", f"import torch\n{full}", 1))
    with pytest.raises(GpuUnusable, match="CUDA out of memory"):
        proof.prove_flash_attn(device="auto")


def test_a_torch_py_in_the_working_folder_is_not_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('not torch')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(platform, "torch_version", lambda: ("2.7.1", "12.6"))
    assert read_tags("cuda:99").gpu is None  # a missing GPU does not mean that torch is broken


def test_the_libraries_of_torch_are_recorded() -> None:
    now = installed_files()
    assert any(path.endswith("torch/version.py") for path in now.files)
    assert any("libtorch" in path for path in now.files)


def test_torch_is_not_imported(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from f5_pipeline.environment.attention import prove_environment
from f5_pipeline.settings.environment import Settings
prove_environment(Settings(cache=Path({str(tmp_path)!r}), device="cpu"))
print(sorted({{"torch", "f5_tts", "dagster", "boto3"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
