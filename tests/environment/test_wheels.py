"""Every row of the wheel table, names of many origins, misleading ones, and the reasons if there is no wheel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheel_table import Cell, Release, load_table, releases, wheel_name
from f5_pipeline.environment.wheels import NoWheel, Wheel, choose_wheel

CP311 = PlatformTags("cp311", "linux", "x86_64", "2.35", "2.7.1+cu126", "12.6", True, "A100", (8, 0))
MISLEADING = "flash_attn-2.8.2+cu12torch2.6cxx11abiFALSE-cp311-cp311-linux_x86_64.whl"
COMMUNITY = "https://github.com/mjun0812/flash-attention-prebuild-wheels"
SHA256 = "a" * 64


def machine(torch: str, abi: bool = True, python: str = "cp311", **other: object) -> PlatformTags:
    """``torch`` names its CUDA: "2.8.0+cu128"."""
    digits = torch.partition("+cu")[2] or "126"
    cuda = f"{digits[:2]}.{digits[2:]}"
    return replace(CP311, **{"torch": torch, "cuda": cuda, "cxx11_abi": abi, "python": python} | other)  # type: ignore[arg-type]


def name(version: str, torch: str, abi: str, python: str = "cp311") -> str:
    return f"flash_attn-{version}+cu12torch{torch}cxx11abi{abi}-{python}-{python}-linux_x86_64.whl"


def chosen(tags: PlatformTags, pin: str | None = None, mirror: str | None = None) -> Wheel:
    wheel = choose_wheel(tags, mirror, pin)
    assert isinstance(wheel, Wheel), wheel
    return wheel


def refused(tags: PlatformTags, pin: str | None = None) -> NoWheel:
    none = choose_wheel(tags, pin=pin)
    assert isinstance(none, NoWheel), none
    return none


# --- from the table -----------------------------------------------------------------------------------------------

# torch, its ABI → the wheel. The first release that has one wins, unless its name is misleading.
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
    ("2.8.0", True, name("2.8.3", "2.8", "TRUE")),
    ("2.8.0-custom", True, name("2.8.3", "2.8", "TRUE")),
]


@pytest.mark.parametrize(("torch", "abi", "expected"), EXPECTED)
def test_the_wheel_for_a_torch(torch: str, abi: bool, expected: str) -> None:
    assert chosen(machine(torch, abi)).name == expected


@pytest.mark.parametrize("torch", ["2.8.0a0+34c6371d24.nv25.08", "2.8.0.dev20250601+cu128"])
def test_a_prerelease_of_torch_gets_the_wheel_of_the_release_with_a_note(torch: str) -> None:
    wheel = chosen(machine(torch, cuda="12.9"))
    assert wheel.name == name("2.8.3", "2.8", "TRUE")
    assert f"this is {torch}: its proof decides" in wheel.note


def test_the_wheel_for_cuda_13_is_among_those_of_another_tag() -> None:
    wheel = chosen(machine("2.9.1+cu130", python="cp312"))
    assert wheel.name == "flash_attn-2.8.3+cu13torch2.9cxx11abiTRUE-cp312-cp312-linux_x86_64.whl"
    assert wheel.source.endswith("/download/v2.8.3.post1/" + wheel.name.replace("+", "%2B"))


def machine_of(cell: Cell) -> PlatformTags:
    return machine(f"{cell.torch}.0+cu{cell.cuda}6", cell.abi == "TRUE", cell.python, architecture=cell.architecture)


@pytest.mark.parametrize("row", releases(), ids=lambda row: f"{row.version}-{row.tag}")
def test_every_published_name_can_be_pinned(row: Release) -> None:
    """Each name of a release is chosen, as a name, as its URL and by its version; or it is bad, and replaced."""
    for cell in row.cells():
        wanted = wheel_name(row.version, cell)
        wheel = chosen(machine_of(cell), wanted)
        if (cell.torch, cell.abi) == ("2.6", "FALSE") and row.version != "2.7.4.post1":
            assert wheel.name == name("2.7.4.post1", "2.6", "FALSE", cell.python)
            assert wanted in wheel.note
            assert chosen(machine_of(cell), row.version).name == wheel.name
            continue
        assert (wheel.name, wheel.note) == (wanted, "")
        assert wheel.source.endswith(f"/{row.tag}/{wanted.replace('+', '%2B')}")
        assert chosen(machine_of(cell), wheel.source) == wheel
        assert chosen(machine_of(cell), f"flash-attn=={row.version}").name == wanted


def test_the_matrix_of_a_release_has_holes() -> None:
    (upcoming,) = (row for row in releases() if not row.released)
    assert not any(cell.cuda == "13" and cell.torch == "2.8" for cell in upcoming.cells())
    assert not any(cell.architecture == "aarch64" and cell.torch == "2.6" for cell in upcoming.cells())
    assert {cell.abi for cell in upcoming.cells() if cell.torch != "2.6"} == {"TRUE"}
    assert upcoming.has(Cell("2.10", "13", "cp313", "aarch64", "TRUE"))


def test_an_unreleased_version_is_used_only_if_it_is_pinned() -> None:
    tags = machine("2.10.0+cu130", python="cp313")
    assert "2.8.4" in refused(tags).help
    wheel = chosen(tags, "2.8.4")
    assert wheel.name == "flash_attn-2.8.4+cu13torch2.10cxx11abiTRUE-cp313-cp313-linux_x86_64.whl"
    assert "was not released" in wheel.note


@pytest.mark.parametrize("python", ["cp39", "cp310", "cp311", "cp312", "cp313"])
def test_every_python(python: str) -> None:
    assert chosen(machine("2.7.1", python=python)).name == name("2.8.3", "2.7", "TRUE", python)


def test_an_old_glibc_gets_an_older_release() -> None:
    wheel = chosen(machine("2.5.1+cu124", False, glibc="2.31"))
    assert wheel.version == "2.7.4.post1"
    assert "2.8.2, 2.8.1, 2.8.0.post2: it needs glibc 2.32, and this machine has 2.31" in wheel.note
    assert "glibc 2.9" in refused(machine("2.7.1+cu126", glibc="2.9")).reason


# The machine → its reason, and a way out of it.
REFUSED = [
    (machine("2.9.1+cu128", python="cp312"), "torch 2.9 with CUDA 12", "install torch 2.8 built for CUDA 12"),
    (machine("2.9.0.dev20250915+cu128"), "torch 2.9", "install torch 2.8 built for CUDA 12"),
    (machine("2.10.0+cu130", python="cp313"), "none for CUDA 13 and none for torch 2.10|torch 2.10", "2.8.4"),
    (machine("2.11.0+cu130", python="cp312"), "none for torch 2.11", "torch 2.9 built for CUDA 13"),
    (machine("2.15.0+cu132", python="cp314"), "Python 3.14 and none for torch 2.15", "use Python 3.13 with torch 2.8"),
    (machine("2.7.1+cu118"), "none for CUDA 11", "torch 2.8 built for CUDA 12"),
    (machine("2.1.2+cu121"), "none for torch 2.1", "torch 2.8"),
    (machine("2.4.1+cu124", False, "cp313"), "torch 2.4 with CUDA 12, Python 3.13", "torch 2.8"),
    (machine("2.7.1+cu128", architecture="aarch64"), "none for aarch64", COMMUNITY),
    (machine("2.9.1+cu130", python="cp314", free_threaded=True), "free-threaded Python 3.14", COMMUNITY),
    (machine("2.7.1", system="windows"), "Linux only, and this is Windows x86_64", COMMUNITY),
]


@pytest.mark.parametrize(("tags", "reason", "way"), REFUSED, ids=lambda value: str(value)[:30])
def test_a_refusal_names_the_machine_and_every_way_out(tags: PlatformTags, reason: str, way: str) -> None:
    none = refused(tags)
    assert any(each in none.reason for each in reason.split("|"))
    assert way in none.help
    assert COMMUNITY in none.help
    assert "build one" in none.help
    for part in (f"torch {tags.torch}", f"CUDA {tags.cuda}", "C++11 ABI", tags.architecture, tags.python[3:]):
        assert part in none.reason
    if tags.system == "linux":
        assert "glibc 2.35" in none.reason


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (machine("2.8.0+cu128", architecture="armv7l"), "none for armv7l"),
        (machine("2.8.0+cu128", glibc=None), "another C library (musl)"),
    ],
)
def test_a_machine_for_which_nobody_publishes_wheels(tags: PlatformTags, reason: str) -> None:
    none = refused(tags)
    assert reason in none.reason
    assert none.help.startswith("build one")
    assert COMMUNITY not in none.help


@pytest.mark.parametrize(
    ("torch", "build"), [("2.8.0+rocm6.4", "AMD's ROCm"), ("2.8.0+xpu", "Intel's GPUs"), ("2.13.0", "without CUDA")]
)
@pytest.mark.parametrize("pin", [None, "2.8.3", name("2.8.3", "2.8", "TRUE")])
def test_a_torch_without_cuda(torch: str, build: str, pin: str | None) -> None:
    none = refused(machine(torch, cuda=None), pin)
    assert f"torch {torch} is built" in none.reason
    assert build in none.reason


@pytest.mark.parametrize(
    ("mirror", "source"),
    [
        ("https://mirror/wheels/", f"https://mirror/wheels/{name('2.8.3', '2.7', 'TRUE').replace('+', '%2B')}"),
        (
            "https://user:password@mirror/wheels/?token=abc",
            f"https://user:password@mirror/wheels/{name('2.8.3', '2.7', 'TRUE').replace('+', '%2B')}?token=abc",
        ),
        ("s3://bucket/wheels", f"s3://bucket/wheels/{name('2.8.3', '2.7', 'TRUE')}"),
        ("/mnt/wheels", f"/mnt/wheels/{name('2.8.3', '2.7', 'TRUE')}"),
    ],
)
@pytest.mark.parametrize("pin", [None, "2.8.3", name("2.8.3", "2.7", "TRUE")])
def test_a_mirror(mirror: str, source: str, pin: str | None) -> None:
    assert chosen(CP311, pin, mirror).source == source


# --- misleading names ---------------------------------------------------------------------------------------------


def test_a_misleading_name_is_replaced_with_a_note() -> None:
    wheel = chosen(machine("2.6.0+cu124", False), MISLEADING)
    assert wheel.name == name("2.7.4.post1", "2.6", "FALSE")
    assert f"instead of {MISLEADING}" in wheel.note
    assert wheel.note.count("undefined symbol") == 1


@pytest.mark.parametrize("version", ["2.8.0", "2.8.3", "2.8.3.post1", "2.8.3.post2", "2.8.4"])
def test_every_release_of_the_misleading_matrix(version: str) -> None:
    wheel = chosen(machine("2.6.0+cu124", False), name(version, "2.6", "FALSE"))
    assert wheel.name == name("2.7.4.post1", "2.6", "FALSE")


def test_a_misleading_name_on_a_torch_of_the_other_abi() -> None:
    assert chosen(machine("2.6.0+cu126"), MISLEADING).name == name("2.8.3", "2.6", "TRUE")


def test_a_misleading_name_with_a_pinned_content_is_accepted() -> None:
    wheel = chosen(machine("2.6.0+cu124", False), f"/wheels/{MISLEADING}#sha256={SHA256}")
    assert (wheel.source, wheel.sha256) == (f"/wheels/{MISLEADING}", SHA256)


# --- one exact wheel ----------------------------------------------------------------------------------------------

RELEASES = f"{COMMUNITY}/releases/download/v0.9.20/"
CP312 = machine("2.8.0+cu128", python="cp312")

# A wheel that its owner may use, its machine, and a part of the note ("": none). Names as published.
ACCEPTED = [
    ("flash_attn-2.8.3%2Bcu130torch2.11-cp313-cp313-linux_aarch64.whl", ("2.11.0+cu130", "cp313", "aarch64"), ""),
    ("flash_attn-2.8.3%2Bcu132torch2.14-cp313-cp313-linux_x86_64.whl", ("2.14.0+cu132", "cp313"), ""),
    ("flash_attn-2.8.3+cu132torch2.15-cp314-cp314-linux_x86_64.whl", ("2.15.0+cu132", "cp314"), ""),
    ("flash_attn-2.8.3%2Bcu130torch2.10-cp314-cp314-manylinux_2_28_x86_64.whl", ("2.10.0+cu130", "cp314"), ""),
    (
        "flash_attn-2.8.3%2Bcu130torch2.10-cp312-cp312-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
        ("2.10.0+cu130", "cp312"),
        "",
    ),
    (
        "flash_attn-2.6.3+cu124torch2.5-cp310-cp310-manylinux2014_x86_64.manylinux_2_17_x86_64"
        ".manylinux_2_28_x86_64.whl",
        ("2.5.1+cu124", "cp310"),
        "",
    ),
    ("flash_attn-2.8.3%2Bcu126torch2.10-cp312-cp312-linux_x86_64.whl", ("2.10.0+cu128", "cp312"), ""),
    ("flash_attn-2.8.3%252Bcu128torch2.8-cp312-cp312-linux_x86_64.whl", ("2.8.0+cu128", "cp312"), ""),
    ("flash_attn-2.8.3_cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl", ("2.8.0+cu128", "cp312"), ""),
    ("flash_attn-2.8.3 cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl", ("2.8.0+cu128", "cp312"), ""),
    ("flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64 (1).whl", ("2.8.0+cu128", "cp312"), ""),
    ("Flash_Attn-2.8.3+CU12torch2.8CXX11abitrue-cp312-cp312-linux_x86_64.whl", ("2.8.0+cu128", "cp312"), ""),
    ("flash_attn-2.8.3.post1+cu12torch2.9cxx11abiTRUE-cp312-cp312-linux_x86_64.whl", ("2.9.1+cu128", "cp312"), ""),
    ("flash_attn-2.8.3+pt29cu129cxx11abitrue-cp312-cp312-linux_x86_64.whl", ("2.9.1+cu129", "cp312"), ""),
    ("flash_attn-2.8.3.post1+cu132torch214.sm87.x0-cp312-cp312-linux_x86_64.whl", ("2.14.0+cu132", "cp312"), ""),
    ("flash_attn-2.8.3+torch271cu128-cp312-cp312-linux_x86_64.whl", ("2.7.1+cu128", "cp312"), ""),
    ("flash_attn-2.8.3+cu12.8.torch2.8.0-cp312-cp312-linux_x86_64.whl", ("2.8.0+cu128", "cp312"), ""),
    ("flash_attn-2.8.4+cu129torch2.8.0cxx11abiFALSEfull-cp312-cp312-linux_x86_64.whl", ("2.8.0+cu129", "cp312"), ""),
    ("flash_attn-2.8.3-cp312-cp312-linux_x86_64.whl", ("2.10.0+cu128", "cp312"), "does not say for which torch"),
    ("flash_attn-2.8.3-1-cp312-cp312-linux_x86_64.whl", ("2.10.0+cu128", "cp312"), "does not say for which torch"),
    ("flash_attn-2.8.3+cu128-cp39-abi3-linux_x86_64.whl", ("2.8.0+cu128", "cp312"), "does not say for which torch"),
    ("flash_attn-2.8.3-py3-none-any.whl", ("2.8.0+cu128", "cp312"), "no compiled kernels"),
    # Wheels for another version of torch do run at times, and those for torch 2.7 and newer all have its one ABI.
    (name("2.8.3", "2.8", "TRUE"), ("2.7.1+cu126", "cp311"), "its name says torch 2.8, and this is 2.7.1+cu126"),
    (name("2.8.3", "2.8", "FALSE"), ("2.8.0+cu128", "cp311"), ""),
    (name("2.8.3", "2.8", "TRUE"), ("2.8.0a0+5228986c39.nv25.06", "cp311"), "this is 2.8.0a0+5228986c39.nv25.06"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "on", "note"), ACCEPTED, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("place", [RELEASES, "/w/", "./"])
def test_a_wheel_of_any_origin_is_left_to_its_proof(file: str, on: tuple[str, ...], note: str, place: str) -> None:
    torch, python, *architecture = on
    tags = machine(torch, python=python, **dict.fromkeys(["architecture"][: len(architecture)], *architecture))
    wheel = chosen(tags, f"{place}{file}#SHA256={SHA256}")
    assert (wheel.source, wheel.sha256) == (place + file, SHA256)
    assert note in wheel.note
    assert bool(note) == bool(wheel.note)
    assert wheel.version.startswith("2.")
    assert not set(wheel.name) & set("% (/")


@pytest.mark.parametrize("python", ["cp314", "cp314t"])
def test_a_free_threaded_interpreter(python: str) -> None:
    tags = machine("2.10.0+cu130", python=python, free_threaded=True)
    wheel = f"{RELEASES}flash_attn-2.8.3%2Bcu130torch2.10-cp314-cp314t-linux_x86_64.whl"
    assert chosen(tags, wheel).source == wheel
    none = refused(tags, wheel.replace("cp314t", "cp314"))
    assert "is for Python with the GIL (cp314), and this is free-threaded Python 3.14" in none.reason


def test_the_windows_wheel_of_a_windows_machine() -> None:
    pin = f"{RELEASES}flash_attn-2.8.3%2Bcu128torch2.10-cp313-cp313-win_amd64.whl"
    assert chosen(machine("2.10.0+cu128", python="cp313", system="windows"), pin).source == pin


# What surely cannot run on Python 3.12, torch 2.8.0+cu128 and glibc 2.35, or is no wheel of flash_attn 2.
IMPOSSIBLE = [
    ("flash_attn.whl", "not the name"),
    ("evil-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl", "a wheel of evil"),
    ("flash_attn-2.8.3.tar.gz", "the source of flash_attn"),
    ("https://host/flash_attn-2.8.3.zip", "the source of flash_attn"),
    ("git+https://github.com/Dao-AILab/flash-attention.git@v2.8.3", "the source of flash_attn"),
    ("/w/flash-attn-2.8.3-py312h5c1d2e4_0.conda", "a package of conda"),
    ("/w/flash-attn-2.8.3-py312h5c1d2e4_0.tar.bz2", "a package of conda"),
    ("/w/wheels", "not the name"),
    ("https://github.com/Dao-AILab/flash-attention/releases/tag/v2.8.3", "not the name"),
    ("/w/flash_attn-2.8.3+cu130torch2.8-cp312-cp312-linux_x86_64.whl", "the libraries of CUDA 13"),
    ("/w/flash_attn-2.8.3+cu118torch2.7-cp312-cp312-linux_x86_64.whl", "the libraries of CUDA 11"),
    ("/w/flash_attn-2.8.3+rocm6.4torch2.8-cp312-cp312-linux_x86_64.whl", "is for rocm"),
    (f"/w/{name('2.8.3', '2.8', 'TRUE', 'cp311')}", "another Python (cp311-cp311), and this is Python 3.12"),
    ("/w/flash_attn-2.8.3+cu128torch2.8-cp312-cp312t-linux_x86_64.whl", "free-threaded Python (cp312t)"),
    ("/w/flash_attn-2.8.3+cu128torch2.8-cp313-abi3-linux_x86_64.whl", "another Python (cp313-abi3)"),
    ("/w/flash_attn-2.8.3+cu128torch2.8-cp312-cp312-win_amd64.whl", "is for win_amd64, and this machine is Linux"),
    ("/w/flash_attn-2.8.3+cu128torch2.8-cp312-cp312-linux_aarch64.whl", "is for linux_aarch64"),
    ("/w/flash_attn-2.8.3+cu128torch2.8-cp312-cp312-macosx_14_0_arm64.whl", "is for macosx_14_0_arm64"),
    ("/w/flash_attn-2.8.3+cu128torch2.8-cp312-cp312-musllinux_1_2_x86_64.whl", "is for musllinux_1_2_x86_64"),
    ("/w/flash_attn-2.8.3+cu128torch2.8-cp312-cp312-manylinux_2_38_x86_64.whl", "needs glibc 2.38, and this machine"),
    ("/w/flash_attn-1.0.9+cu121torch2.8-cp312-cp312-linux_x86_64.whl", "is flash_attn 1"),
    ("https://host/whl/cu130/flash_attn_3-3.0.0-cp39-abi3-manylinux_2_28_x86_64.whl", "is FlashAttention 3"),
    ("/w/flash_attn_3-3.0.0+cu128torch2.8gite2743ab-cp39-abi3-linux_x86_64.whl", "is FlashAttention 3"),
    ("flash_attn_4-4.0.0b36-py3-none-any.whl", "is FlashAttention 4"),
    ("flash_attn-2.8.3-cp312-cp312-linux_x86_64.whl", "not a name of upstream's wheels"),  # which of whose?
    ("flash-attn>3", "there are 2.8.3"),
    ("flash-attn<2.8", "no wheel of flash_attn 2.7.4.post1 for Python 3.12, torch 2.8.0+cu128"),
    ("xformers==0.0.30", "not the name"),
    (f"{name('2.8.3', '2.8', 'TRUE', 'cp312')}#sha256={'a' * 63}", "not sha256=HEX"),
    (f"{name('2.8.3', '2.8', 'TRUE', 'cp312')}#md5={'a' * 32}", "not sha256=HEX"),
    (f"{name('2.8.3', '2.8', 'TRUE', 'cp312')}#", "not sha256=HEX"),
    ("https://host/flash_attn-2.8.3-1%2F..%2Fcp312-cp312-linux_x86_64.whl", "not the name"),
]  # fmt: skip


@pytest.mark.parametrize(("pin", "reason"), IMPOSSIBLE)
def test_a_pin_that_cannot_fit(pin: str, reason: str) -> None:
    none = refused(CP312, pin)
    assert reason in none.reason
    assert "F5_FLASH_ATTN" in none.help


def test_the_refusal_of_a_pin_names_the_machine_and_the_right_wheel() -> None:
    none = refused(CP312, f"/w/{name('2.8.3', '2.8', 'TRUE', 'cp311')}")
    assert "(Python 3.12, torch 2.8.0+cu128, CUDA 12.8, C++11 ABI, Linux x86_64, glibc 2.35)" in none.reason
    assert f"unset F5_FLASH_ATTN ({name('2.8.3', '2.8', 'TRUE', 'cp312')} is then chosen)" in none.help
    assert COMMUNITY in none.help
    none = refused(
        machine("2.10.0+cu128", python="cp312"), "/w/flash_attn-2.8.3+cu130torch2.10-cp312-cp312-linux_x86_64.whl"
    )
    assert COMMUNITY in none.help


@pytest.mark.parametrize(("abi", "torch"), [("TRUE", "2.5.1+cu124"), ("FALSE", "2.5.1+cu124")])
def test_the_other_abi_of_an_old_torch(abi: str, torch: str) -> None:
    none = refused(machine(torch, abi == "FALSE"), f"/w/{name('2.8.3', '2.5', abi)}")
    assert f"is for abi {abi}" in none.reason


@pytest.mark.parametrize(
    ("pin", "expected"),
    [
        ("2.8.3", "2.8.3"),
        ("v2.8.2", "2.8.2"),
        ("2.8.3.post2", "2.8.3.post2"),
        ("flash-attn==2.8.1", "2.8.1"),
        ("flash_attn == 2.8.3", "2.8.3"),
        ("flash-attn<2.8.3", "2.8.2"),
        ("flash-attn==2.8.3.*", "2.8.3"),
        ("flash-attn", "2.8.3"),
        ("2.9.0", "2.9.0"),
        ("flash-attn @ https://host/" + name("2.8.2", "2.7", "TRUE").replace("+", "%2B"), "2.8.2"),
    ],
)
def test_a_version_can_be_pinned(pin: str, expected: str) -> None:
    wheel = chosen(CP311, f"{pin}#sha256={SHA256}")
    assert (wheel.name, wheel.sha256) == (name(expected, "2.7", "TRUE"), SHA256)
    assert ("not in the table" in wheel.note) == (expected == "2.9.0")


def test_a_name_that_upstream_does_not_list() -> None:
    wheel = chosen(machine("2.11.0+cu128", python="cp312"), name("2.8.3.post1", "2.11", "TRUE", "cp312"))
    assert "upstream's build list has no wheel of this name" in wheel.note
    assert COMMUNITY in wheel.note


def test_a_pinned_url() -> None:
    url = f"https://host/{name('2.8.1', '2.7', 'TRUE').replace('+', '%2B')}"
    wheel = chosen(CP311, f"{url}#sha256={'B' * 64}", "/mnt/wheels")
    assert (wheel.name, wheel.source, wheel.sha256) == (name("2.8.1", "2.7", "TRUE"), url, "b" * 64)


def test_what_is_shown_of_an_address_has_no_secrets() -> None:
    wheel = chosen(CP311, f"https://user:secret@host/{name('2.8.1', '2.7', 'TRUE')}?token=secret")
    assert "secret" not in repr(wheel)
    assert "secret" not in refused(CP311, "https://user:secret@host").reason


def test_the_estimates_are_those_of_the_table() -> None:
    wheel, table = chosen(CP311), load_table()
    assert (wheel.wheel_bytes, wheel.unpacked_bytes) == (table["wheel_bytes"], table["unpacked_bytes"])
