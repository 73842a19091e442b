"""flash_attn is installed once, atomically, and only after its proof: with real pip, wheels and server."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment.scratch import (
    NAME,
    PINNABLE,
    PYTHON,
    Scratch,
    build_huge_wheel,
    build_other_generation,
    build_torch,
    build_wheel,
    result_of,
)
from tests.file_server import FileServer, serving

pytestmark = pytest.mark.slow

COMPLETE = {"flash_attn", "flash_attn-2.8.3.dist-info", "flash_attn_2_cuda.so"}


@pytest.fixture(scope="module")
def wheel() -> bytes:
    return build_wheel(requires=("torch==1.0.0", "poison"))


@pytest.fixture
def server(wheel: bytes) -> Iterator[FileServer]:
    with serving({f"/{NAME}": wheel}) as server:
        yield server


@pytest.fixture
def scratch(tmp_path: Path, server: FileServer) -> Scratch:
    return Scratch.create(tmp_path, wheels=server.url)


def full_gets(server: FileServer, name: str = NAME) -> int:
    """Requests for a wheel from its first byte; requests for its zip directory are not counted."""
    return sum(1 for path, span in server.gets if path == f"/{name}" and not span.startswith("bytes=-"))


def test_a_wheel_is_installed_once_and_repaired(scratch: Scratch, server: FileServer, wheel: bytes) -> None:
    first = scratch.prove()
    assert (first["attention"], first["wheel"], first["bytes"]) == ("flash_attn", NAME, len(wheel))
    assert first["sha256"] == hashlib.sha256(wheel).hexdigest()
    assert first["error"] < 0.01
    assert (first["changes"], first["imported"], first["pip"]) == ([], False, ["1", "1"])
    assert scratch.installed() == COMPLETE  # neither torch nor poison
    assert full_gets(server) == 1

    requests = len(server.gets)
    again = scratch.prove()
    assert (again["attention"], again["reused"], again["bytes"]) == ("flash_attn", True, 0)
    assert (again["wheel"], again["pip"]) == (NAME, ["1", "1"])
    assert len(server.gets) == requests

    # A broken file is detected; the next run removes flash_attn and installs the cached wheel again.
    (scratch.site / "flash_attn" / "__init__.py").write_text("raise ImportError('undefined symbol: _ZN3c105Error')")
    repaired = scratch.prove()
    assert (repaired["attention"], repaired["reused"], repaired["wheel"]) == ("flash_attn", False, NAME)
    assert "flash_attn/__init__.py" in repaired["changes"][0]
    assert full_gets(server) == 1
    assert scratch.prove()["changes"] == []


def test_a_reinstalled_flash_attn_is_detected(scratch: Scratch, server: FileServer, wheel: bytes) -> None:
    """The same version and files, reinstalled by pip, count as changed."""
    assert scratch.prove()["changes"] == []
    (path := scratch.folder / NAME).write_bytes(wheel)
    scratch.pip("install", "--no-index", "--no-deps", "--force-reinstall", str(path))
    proven = scratch.prove()
    assert (proven["attention"], proven["reused"]) == ("flash_attn", False)
    assert "flash_attn" in proven["changes"][0]
    assert full_gets(server) == 1


def test_a_reinstalled_torch_is_detected(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path, attention="torch")
    (torch := tmp_path / f"torch-2.7.1-{PYTHON}-none-any.whl").write_bytes(build_torch())
    scratch.pip("install", "--no-index", "--no-deps", str(torch))
    assert scratch.prove()["changes"] == []
    scratch.pip("install", "--no-index", "--no-deps", "--force-reinstall", str(torch))
    again = scratch.prove()
    assert not again["reused"]
    assert "torch/lib/libtorch.so" in again["changes"][0]
    scratch.pip("uninstall", "--yes", "torch")  # then the torch of the tests is imported
    assert "torch was 2.7.1+cu126 and is now " in scratch.prove()["changes"][0]


def test_processes_with_separate_caches_install_once(scratch: Scratch, server: FileServer) -> None:
    """They share an interpreter: the first one installs, the others prove the installed one."""
    running = [scratch.start(cache=str(scratch.folder / f"cache-{n}")) for n in range(3)]
    results = [result_of(process) for process in running]
    assert {(each["attention"], each["wheel"]) for each in results} == {("flash_attn", NAME)}
    assert scratch.installed() == COMPLETE


def test_a_missing_requirement_is_named(scratch: Scratch, server: FileServer) -> None:
    """Nothing is downloaded without it; once it is installed, flash_attn is installed at once."""
    refused = scratch.prove(hidden="einops")
    assert refused["attention"] == "torch"
    assert "einops" in refused["reason"]
    assert server.gets == []
    assert scratch.prove()["attention"] == "flash_attn"


def test_parts_of_another_version_are_replaced(scratch: Scratch, server: FileServer) -> None:
    server.files[f"/{PINNABLE}"] = build_wheel("2.8.2")
    process = scratch.start(flash_attn=PINNABLE, die_while_renaming=True)
    assert process.wait() == -signal.SIGKILL
    result = scratch.prove()
    assert (result["attention"], result["wheel"]) == ("flash_attn", NAME)
    assert scratch.installed() == COMPLETE


def test_eight_processes_at_once(scratch: Scratch, server: FileServer) -> None:
    server.delay = 0.02
    results = [result_of(process) for process in [scratch.start() for _ in range(8)]]
    assert {each["attention"] for each in results} == {"flash_attn"}
    assert sorted(each["reused"] for each in results) == [False] + [True] * 7
    assert full_gets(server) == 1
    assert scratch.installed() == COMPLETE


BROKEN = {
    "undefined symbol": build_wheel(preamble="raise ImportError('undefined symbol: _ZN3c105ErrorC2E')"),
    "kernel is off by": build_wheel(scale=1.1),
    "ended the interpreter": build_wheel(preamble="import os; os._exit(0)"),
    "signal 11": build_wheel(preamble="import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"),
}


def test_wheels_that_fail_their_proof(tmp_path: Path, server: FileServer) -> None:
    """They never reach site-packages. Torch's attention is used instead, unless F5_ATTENTION=flash_attn."""
    running = {}
    for reason, data in BROKEN.items():
        folder = reason.replace(" ", "-")
        server.files[f"/{folder}/{NAME}"] = data
        scratch = Scratch.create(tmp_path / folder, wheels=f"{server.url}/{folder}")
        running[reason] = (scratch, scratch.start(attention="flash_attn" if reason == "signal 11" else "auto"))
    for reason, (scratch, process) in running.items():
        result = result_of(process)
        assert reason in result["reason"]
        assert scratch.installed() == set()
        if reason == "signal 11":
            assert result["failure"] == "AttentionUnavailable"
        else:
            assert result["attention"] == "torch"
            requests = len(server.gets)
            assert scratch.prove()["reused"]  # a failure is recorded too
            assert len(server.gets) == requests


def test_killed_while_downloading(scratch: Scratch, server: FileServer) -> None:
    server.files[f"/{NAME}"] = wheel = build_wheel(library=os.urandom(2_000_000))
    server.delay = 0.05
    process = scratch.start()
    while server.sent < 600_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    server.delay = 0.0
    assert not (scratch.cache / "wheels" / NAME).exists()
    result = scratch.prove()
    assert result["attention"] == "flash_attn"
    assert 0 < result["bytes"] < len(wheel)


def test_killed_while_installing(scratch: Scratch, server: FileServer) -> None:
    server.files[f"/{NAME}"] = build_wheel(library=os.urandom(20_000_000))
    process = scratch.start()
    while not any(scratch.site.glob(".f5-pipeline-staging-*/**/flash_attn_2_cuda.so")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "flash_attn" not in scratch.installed()
    assert scratch.prove()["attention"] == "flash_attn"
    time.sleep(0.5)  # the pip of the killed process may have continued for a moment
    assert scratch.prove()["reused"]
    assert {name for name in scratch.installed() if not name.startswith(".")} == COMPLETE
    assert full_gets(server) == 1


def test_killed_between_two_renames(scratch: Scratch, server: FileServer) -> None:
    process = scratch.start(die_while_renaming=True)
    assert process.wait() == -signal.SIGKILL
    remaining = scratch.installed()
    assert "flash_attn" not in remaining  # cannot be imported
    assert remaining & COMPLETE
    assert scratch.prove()["attention"] == "flash_attn"
    assert scratch.installed() == COMPLETE


def test_a_disk_that_is_too_small_is_detected_before_the_download(scratch: Scratch, server: FileServer) -> None:
    server.files[f"/{NAME}"] = build_huge_wheel()
    result = scratch.prove()
    assert result["failure"] == "NotEnoughDisk"
    assert "flash_attn unpacked 1,100,000,000 MB" in result["reason"]
    assert full_gets(server) == 0

    server.files[f"/{NAME}"] = build_wheel()
    result = scratch.prove(bytes_to_come=10**15)
    assert result["failure"] == "NotEnoughDisk"
    assert "to be fetched later" in result["reason"]
    assert full_gets(server) == 0


def test_a_disk_that_fills_up(scratch: Scratch, server: FileServer) -> None:
    """A file size limit simulates a full disk: first for the wheel, then for the unpacked files."""
    server.files[f"/{NAME}"] = build_wheel(library=os.urandom(500_000))
    result = scratch.prove(file_limit=300_000)
    assert result["failure"] == "FileUnusable"
    assert not [path for path in (scratch.cache / "wheels").iterdir() if ".lock" not in path.name]

    server.files[f"/{NAME}"] = build_wheel(library=bytes(1_000_000))
    result = scratch.prove(file_limit=300_000)
    assert result["attention"] == "torch"
    assert "cannot be installed" in result["reason"]
    assert scratch.installed() == set()


def test_a_server_that_fails_and_recovers(scratch: Scratch, server: FileServer) -> None:
    server.statuses = [503] * 3
    first = scratch.prove(retry_seconds=0.0)
    assert first["attention"] == "torch"
    assert "503" in first["reason"]
    server.statuses = [503, 503]
    assert scratch.prove()["attention"] == "flash_attn"


def test_an_unavailable_server_is_not_requested_again_at_once(scratch: Scratch, server: FileServer) -> None:
    """Every step of a run needs the environment; waiting for the server each time would add up."""
    server.statuses = [503] * 9
    assert "503" in scratch.prove()["reason"]
    requests = len(server.gets)
    assert scratch.prove()["reused"]
    assert len(server.gets) == requests


def test_a_pinned_wheel(scratch: Scratch, server: FileServer, tmp_path: Path) -> None:
    """First by path and sha256; then another one by name, which replaces it."""
    path = tmp_path / "own" / NAME
    path.parent.mkdir()
    path.write_bytes(pinned := build_wheel())
    wrong = scratch.prove(flash_attn=f"{path}#sha256={'0' * 64}")
    assert wrong["failure"] == "FileAltered"
    right = scratch.prove(flash_attn=f"{path}#sha256={hashlib.sha256(pinned).hexdigest()}")
    assert (right["attention"], server.gets) == ("flash_attn", [])
    server.files[f"/{PINNABLE}"] = build_wheel("2.8.2")
    other = scratch.prove(flash_attn=PINNABLE)
    assert (other["attention"], other["wheel"]) == ("flash_attn", PINNABLE)
    assert scratch.installed() == {"flash_attn", "flash_attn-2.8.2.dist-info", "flash_attn_2_cuda.so"}


def test_a_broken_flash_attn_of_the_user_is_named_and_kept(scratch: Scratch, server: FileServer) -> None:
    scratch.pip_install(NAME, build_wheel(preamble="raise ImportError('undefined symbol')"))
    result = scratch.prove(attention="torch")  # f5_tts could not be imported either
    assert result["failure"] == "FlashAttnBroken"
    assert "pip uninstall flash_attn" in result["reason"]
    assert scratch.installed() == COMPLETE
    assert server.gets == []


FA4 = ("flash_attn_4", "4.0.0b36", "flash_attn/cute/__init__.py", "flash_attn/cute/interface.py")
FA4_INSTALLED = {"flash_attn", "flash_attn_4-4.0.0b36.dist-info"}


def test_flash_attn_4_is_named_with_its_own_command_and_kept(scratch: Scratch, server: FileServer) -> None:
    """It has the package flash_attn, as a namespace, which f5_tts takes for flash_attn 2 and cannot import."""
    scratch.pip_install("flash_attn_4-4.0.0b36-py3-none-any.whl", build_other_generation(*FA4))
    result = scratch.prove()
    assert result["failure"] == "FlashAttnBroken"
    assert "flash-attn-4 has files in this package" in result["reason"]
    assert "-m pip uninstall flash-attn-4." in result["reason"]
    assert scratch.installed() == FA4_INSTALLED
    assert server.gets == []
    scratch.pip("uninstall", "--yes", "flash-attn-4")
    assert list((scratch.site / "flash_attn").rglob("*")) == []  # pip leaves the folder, a namespace package
    assert scratch.prove(attention="torch")["attention"] == "torch"
    assert scratch.installed() == set()
    assert scratch.prove()["attention"] == "flash_attn"


def test_flash_attn_4_beside_a_flash_attn_2_of_the_pipeline_is_kept(scratch: Scratch, server: FileServer) -> None:
    """Both work in one package. A flash_attn 2 that breaks is not removed then, since pip would remove shared files."""
    assert scratch.prove()["attention"] == "flash_attn"
    scratch.pip_install("flash_attn_4-4.0.0b36-py3-none-any.whl", build_other_generation(*FA4))
    assert scratch.prove()["attention"] == "flash_attn"
    (scratch.site / "flash_attn" / "__init__.py").write_text("raise ImportError('undefined symbol: _ZN3c105Error')")
    result = scratch.prove()
    assert result["failure"] == "FlashAttnBroken"
    assert "-m pip uninstall flash_attn flash-attn-4." in result["reason"]
    assert scratch.installed() == COMPLETE | FA4_INSTALLED


def test_a_folder_that_only_looks_like_flash_attn(scratch: Scratch, server: FileServer) -> None:
    """What an interrupted or partial uninstall leaves behind."""
    (folder := scratch.site / "flash_attn" / "cute").mkdir(parents=True)
    (folder / "notes.py").touch()
    result = scratch.prove(attention="torch")
    assert result["failure"] == "FlashAttnBroken"
    assert f"rm -r {folder.parent}." in result["reason"]


def test_flash_attn_3_does_not_matter(scratch: Scratch, server: FileServer) -> None:
    """It has modules of other names, which f5_tts does not use."""
    modules = ("flash_attn_interface.py", "flash_attn_config.py", "flash_attn_3/__init__.py")
    scratch.pip_install(
        "flash_attn_3-3.0.0-cp39-abi3-linux_x86_64.whl", build_other_generation("flash_attn_3", "3.0.0", *modules)
    )
    before = scratch.installed()
    assert scratch.prove()["attention"] == "flash_attn"
    (scratch.site / "flash_attn" / "__init__.py").write_text("raise ImportError")
    assert scratch.prove()["attention"] == "flash_attn"  # removed and installed again
    assert scratch.installed() == before | COMPLETE


def test_a_name_of_another_origin_is_installed(scratch: Scratch, wheel: bytes) -> None:
    path = scratch.folder / f"flash_attn-2.8.3_pt27cu126cxx11abitrue-{PYTHON}-{PYTHON}-linux_x86_64 (1).whl"
    path.write_bytes(wheel)
    result = scratch.prove(flash_attn=str(path))
    assert result["attention"] == "flash_attn", result["reason"]


def test_a_wheel_of_unknown_fit_fails_its_proof_with_the_doubt(scratch: Scratch, server: FileServer) -> None:
    name = f"flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-{PYTHON}-{PYTHON}-linux_x86_64.whl"
    (path := scratch.folder / name).write_bytes(build_wheel(preamble="raise ImportError('undefined symbol: _ZN3c1')"))
    result = scratch.prove(flash_attn=str(path))
    assert result["attention"] == "torch"
    assert "its name says torch 2.8, and this is 2.7.1+cu126) failed its proof" in result["reason"]
    assert "undefined symbol" in result["reason"]
    assert scratch.installed() == set()


def test_without_a_wheel_the_reason_names_a_remedy(scratch: Scratch, server: FileServer) -> None:
    result = scratch.prove(tags={"torch": "2.13.0+cu130", "cuda": "13.0"})
    assert result["attention"] == "torch"
    assert "CUDA 13" in result["reason"]
    assert "F5_FLASH_ATTN" in result["reason"]
    assert server.gets == []
