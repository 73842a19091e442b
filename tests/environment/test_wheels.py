"""Every row of the wheel table, misleading names, and the reasons if there is no wheel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheels import NoWheel, Wheel, choose_wheel, load_table

CP311 = PlatformTags("cp311", "linux", "x86_64", "2.35", "2.7.1+cu126", "12.6", True, "A100", (8, 0))
MISLEADING = "flash_attn-2.8.2+cu12torch2.6cxx11abiFALSE-cp311-cp311-linux_x86_64.whl"


def machine(torch: str, abi: bool, python: str = "cp311", **other: object) -> PlatformTags:
    return replace(CP311, torch=torch, cxx11_abi=abi, python=python, **other)  # type: ignore[arg-type]


def name(version: str, torch: str, abi: str, python: str = "cp311") -> str:
    return f"flash_attn-{version}+cu12torch{torch}cxx11abi{abi}-{python}-{python}-linux_x86_64.whl"


# torch, its ABI → the wheel. The newest wins, unless its name is misleading.
EXPECTED = [
    ("2.2.2+cu121", False, name("2.7.4.post1", "2.2", "FALSE")),
    ("2.3.1+cu121", False, name("2.7.4.post1", "2.3", "FALSE")),
    ("2.4.1+cu124", False, name("2.8.3", "2.4", "FALSE")),
    ("2.5.1+cu124", False, name("2.8.3", "2.5", "FALSE")),
    ("2.5.1+cu124", True, name("2.8.3", "2.5", "TRUE")),
    ("2.6.0+cu124", False, name("2.7.4.post1", "2.6", "FALSE")),
    ("2.6.0+cu126", True, name("2.8.3", "2.6", "TRUE")),
    ("2.7.1+cu126", True, name("2.8.3", "2.7", "TRUE")),
    ("2.7.1+cu128", True, name("2.8.3", "2.7", "TRUE")),
    ("2.8.0+cu129", True, name("2.8.3", "2.8", "TRUE")),
    ("2.8.0a0+34c6371d24.nv25.08", True, name("2.8.3", "2.8", "TRUE")),
]


@pytest.mark.parametrize(("torch", "abi", "expected"), EXPECTED)
def test_the_wheel_for_a_torch(torch: str, abi: bool, expected: str) -> None:
    wheel = choose_wheel(machine(torch, abi))
    assert isinstance(wheel, Wheel)
    assert wheel.name == expected


@pytest.mark.parametrize("row", load_table()["release"], ids=lambda row: row["version"])
def test_every_published_name_can_be_pinned(row: dict[str, list[str]]) -> None:
    """Each published name of a release is chosen, or known to be bad and replaced."""
    absent = {
        (torch, python) for each in load_table()["absent"] for torch in each["torch"] for python in each["python"]
    }
    for torch in row["torch"]:
        for python in row["python"]:
            for abi in (True, False):
                if (torch, python) in absent:
                    continue
                wanted = name(str(row["version"]), torch, str(abi).upper(), python)
                wheel = choose_wheel(machine(f"{torch}.0+cu126", abi, python), pin=wanted)
                assert isinstance(wheel, Wheel)
                if torch == "2.6" and not abi and row["version"] != "2.7.4.post1":
                    assert wheel.name == name("2.7.4.post1", "2.6", "FALSE", python)
                    assert wanted in wheel.note
                else:
                    assert (wheel.name, wheel.note) == (wanted, "")
                assert wheel.source.endswith(f"/v{wheel.version}/{wheel.name.replace('+', '%2B')}")


@pytest.mark.parametrize("python", ["cp39", "cp310", "cp311", "cp312", "cp313"])
def test_every_python(python: str) -> None:
    wheel = choose_wheel(machine("2.7.1", True, python))
    assert isinstance(wheel, Wheel)
    assert wheel.name == name("2.8.3", "2.7", "TRUE", python)


def test_a_misleading_name_is_replaced_with_a_note() -> None:
    wheel = choose_wheel(machine("2.6.0+cu124", False), pin=MISLEADING)
    assert isinstance(wheel, Wheel)
    assert wheel.name == name("2.7.4.post1", "2.6", "FALSE")
    assert f"instead of {MISLEADING}" in wheel.note
    assert "undefined symbol" in wheel.note


def test_a_misleading_name_on_a_torch_of_the_other_abi() -> None:
    wheel = choose_wheel(machine("2.6.0+cu126", True), pin=MISLEADING)
    assert isinstance(wheel, Wheel)
    assert wheel.name == name("2.8.3", "2.6", "TRUE")


def test_a_misleading_name_with_a_pinned_content_is_accepted() -> None:
    wheel = choose_wheel(machine("2.6.0+cu124", False), pin=f"/wheels/{MISLEADING}#sha256={'a' * 64}")
    assert isinstance(wheel, Wheel)
    assert (wheel.source, wheel.sha256) == (f"/wheels/{MISLEADING}", "a" * 64)


def test_an_old_glibc_gets_an_older_release() -> None:
    wheel = choose_wheel(machine("2.5.1+cu124", False, glibc="2.31"))
    assert isinstance(wheel, Wheel)
    assert wheel.version == "2.7.4.post1"
    assert "2.8.3, 2.8.2, 2.8.1, 2.8.0.post2: it needs glibc 2.32, and this machine has 2.31" in wheel.note
    none = choose_wheel(machine("2.7.1+cu126", True, glibc="2.9"))
    assert isinstance(none, NoWheel)
    assert "glibc" in none.reason


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"system": "darwin"}, "Linux only"),
        ({"architecture": "aarch64"}, "aarch64"),
        ({"cuda": "13.0"}, "CUDA 13"),
        ({"cuda": "11.8"}, "CUDA 11"),
        ({"python": "cp314"}, "cp314"),
        ({"torch": "2.13.0+cu126"}, "torch 2.13"),
        ({"torch": "2.1.2+cu121"}, "torch 2.1"),
        ({"torch": "2.4.1+cu124", "python": "cp313"}, "torch 2.4 with cp313"),
    ],
)
def test_the_reason_for_no_wheel(other: dict[str, object], reason: str) -> None:
    none = choose_wheel(replace(CP311, **other))  # type: ignore[arg-type]
    assert isinstance(none, NoWheel)
    assert reason in none.reason
    assert none.help


@pytest.mark.parametrize(
    ("mirror", "source"),
    [
        ("https://mirror/wheels/", f"https://mirror/wheels/{name('2.8.3', '2.7', 'TRUE').replace('+', '%2B')}"),
        ("s3://bucket/wheels", f"s3://bucket/wheels/{name('2.8.3', '2.7', 'TRUE')}"),
        ("/mnt/wheels", f"/mnt/wheels/{name('2.8.3', '2.7', 'TRUE')}"),
    ],
)
def test_a_mirror(mirror: str, source: str) -> None:
    for pin in (None, name("2.8.3", "2.7", "TRUE")):
        wheel = choose_wheel(CP311, mirror, pin)
        assert isinstance(wheel, Wheel)
        assert wheel.source == source


def test_a_pinned_url() -> None:
    url = f"https://host/{name('2.8.1', '2.7', 'TRUE').replace('+', '%2B')}"
    wheel = choose_wheel(CP311, "/mnt/wheels", f"{url}#sha256={'b' * 64}")
    assert isinstance(wheel, Wheel)
    assert (wheel.name, wheel.source, wheel.sha256) == (name("2.8.1", "2.7", "TRUE"), url, "b" * 64)


def test_a_wheel_that_the_user_built() -> None:
    pin = "/w/flash_attn-2.8.3+cu128torch2.9-cp311-cp311-manylinux_2_28_x86_64.whl"
    wheel = choose_wheel(machine("2.9.1+cu128", True), pin=pin)
    assert isinstance(wheel, Wheel)
    assert wheel.source == pin


@pytest.mark.parametrize(
    ("pin", "reason"),
    [
        ("flash_attn.whl", "not the name"),
        ("flash_attn-2.8.3.tar.gz", "not the name"),
        ("evil-2.8.3+cu12torch2.7cxx11abiTRUE-cp311-cp311-linux_x86_64.whl", "not the name"),
        (name("2.8.3", "2.8", "TRUE"), "for torch 2.8"),
        (name("2.8.3", "2.7", "FALSE"), "for abi FALSE"),
        (name("2.8.3", "2.7", "TRUE", "cp312"), "for python cp312"),
    ],
)
def test_a_pin_that_cannot_fit(pin: str, reason: str) -> None:
    none = choose_wheel(CP311, pin=pin)
    assert isinstance(none, NoWheel)
    assert reason in none.reason
    assert "F5_FLASH_ATTN" in none.help
