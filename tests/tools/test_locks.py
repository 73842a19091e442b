"""Verified set-up: the locks are complete, and neither uv nor pip installs a file that they do not name."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import packaging
import pytest
import tomli
from packaging import markers
from packaging.requirements import Requirement

from tests.paths import ROOT
from tests.storage.servers import tool
from tools import install, lock, locked

LOCKS = ROOT / "requirements"
PINS = {
    locked.normalised(name): version
    for name, version in re.findall(r"^([\w.-]+)==([^;\s]+)", (ROOT / "constraints.txt").read_text(), re.M)
}


def pins_of(name: str) -> dict[str, str]:
    return {
        package: locked.version_of(block) for package, block in locked.read_lock((LOCKS / name).read_text()).items()
    }


def test_every_pinned_package_has_hashes() -> None:
    """The lock has further packages, of other platforms and of the CUDA builds of torch."""
    assert pins_of("all.lock").items() >= PINS.items()


def test_the_lock_satisfies_what_the_project_requires() -> None:
    extras = ",".join(tomli.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    versions = pins_of("all.lock")
    for line in locked.expanded(f".[{extras}]"):
        requirement = Requirement(line)
        assert requirement.specifier.contains(versions[locked.normalised(requirement.name)]), line


def test_torch_has_a_lock_for_each_build() -> None:
    assert pins_of("torch-cpu.lock") == {"torch": f"{PINS['torch']}+cpu"}
    replaced = locked.read_lock((LOCKS / "cuda-image.txt").read_text())
    assert (
        pins_of("cuda-image.lock").items() >= {name: locked.version_of(pin) for name, pin in replaced.items()}.items()
    )


@pytest.mark.parametrize("name", ["all.lock", "torch-cpu.lock", "cuda-image.lock"])
def test_every_locked_package_has_a_hash(name: str) -> None:
    for block in locked.read_lock((LOCKS / name).read_text()).values():
        assert re.search(r"\n    --hash=sha256:[0-9a-f]{64}$", block), block.splitlines()[0]


def test_the_cpu_builds_are_read_from_the_page_of_their_index() -> None:
    name = "torch-9.1%2Bcpu-{}-{}.whl#sha256={}"
    page = "\n".join(
        f'<a href="https://example.org/whl/{name.format(*build, digit * 64)}" data-core-metadata="sha256=0">…</a>'
        for digit, build in [
            ("a", ("cp312-cp312", "manylinux_2_28_x86_64")),
            ("b", ("cp39-cp39", "manylinux_2_28_x86_64")),  # too old
            ("c", ("cp312-cp312", "win_amd64")),  # the set-up takes CPU builds for Linux only
            ("d", ("cp311-cp311", "manylinux_2_28_aarch64")),
        ]
    )
    lines = [f"    --hash=sha256:{digit * 64}" for digit in "ad"]
    assert lock.cpu_builds("9.1", page) == " \\\n".join(["torch==9.1+cpu", *lines]) + "\n"


# --- pip ------------------------------------------------------------------------------------------------------


def write_wheel(
    folder: Path, name: str, version: str, requires: Sequence[str] = (), package: Path | None = None
) -> str:
    """Write a wheel of an empty module, or of a package's files, and return its lines for a lock."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
    with zipfile.ZipFile(path, "w") as wheel:
        for file in package.rglob("*.py") if package else ():
            wheel.write(file, f"{name}/{file.relative_to(package)}")  # type: ignore[arg-type]
        if not package:
            wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


INSTALLERS = {"uv": ["uv", *locked.UV_VERIFIED], "pip": locked.VERIFIED}


@pytest.mark.parametrize("installer", INSTALLERS)
@pytest.mark.parametrize(
    ("hash_of", "installed"),
    [
        pytest.param(None, False, id="a package without a hash"),
        pytest.param("another", False, id="an index that serves another file"),
        pytest.param("itself", True, id="the locked file"),
    ],
)
def test_only_the_locked_file_is_installed(
    tmp_path: Path, hash_of: str | None, installed: bool, installer: str
) -> None:
    block = write_wheel(tmp_path, "needle", "1.0")
    if hash_of == "another":
        write_wheel(tmp_path, "needle", "1.0", requires=["something-else"])
    (tmp_path / "lock.txt").write_text(block if hash_of else "needle==1.0\n")
    place = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "out")]
    program, *options = INSTALLERS[installer]
    command = [tool(program), *options, *place, "--requirement", str(tmp_path / "lock.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is installed, done.stderr
    assert (tmp_path / "out" / "needle.py").exists() is installed


@pytest.fixture
def index(tmp_path: Path) -> dict[str, str]:
    """Wheels that require each other, and the lines of each for a lock."""
    folder = tmp_path / "index"
    folder.mkdir()
    return {
        "packaging": write_wheel(folder, "packaging", packaging.__version__, package=Path(packaging.__file__).parent),
        "setuptools": write_wheel(folder, "setuptools", "99.0"),
        "top": write_wheel(folder, "top", "1.0", ["middle[more]", "absent; sys_platform == 'nowhere'"]),
        "middle": write_wheel(folder, "middle", "1.0", ["base", "extra_part; extra == 'more'", "rest; extra == 'all'"]),
        "base": write_wheel(folder, "base", "2.0+cpu").replace("2.0+cpu", "2.0", 1),
        "extra_part": write_wheel(folder, "extra_part", "3.0"),
    }


@pytest.mark.slow
def test_what_is_required_is_installed_if_the_lock_has_all_of_it(tmp_path: Path, index: dict[str, str]) -> None:
    """uv, which fails here, is replaced by pip."""
    venv.create(tmp_path / "venv", with_pip=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text(f'#!/bin/sh\necho "$UV_FIND_LINKS" > {tmp_path}/links\nexit 1\n')
    (tmp_path / "bin" / "uv").chmod(0o755)

    def install(*without: str) -> subprocess.CompletedProcess[str]:
        lines = "".join(block for name, block in index.items() if name not in without)
        (tmp_path / "given.lock").write_text(lines)
        command = [str(tmp_path / "venv" / "bin" / "python"), str(ROOT / "tools" / "locked.py")]
        environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "index")}
        environment["PATH"] = os.pathsep.join([str(tmp_path / "bin"), environment["PATH"]])
        return subprocess.run(
            [*command, "--lock", str(tmp_path / "given.lock"), "top"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    done = install("extra_part")
    assert done.returncode == 1
    assert "extra-part" in done.stderr
    assert "Traceback" not in done.stderr
    done = install()
    assert done.returncode == 0, done.stderr
    packages = tmp_path / "venv" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    assert {path.stem for path in packages.glob("*.py")} >= {"top", "middle", "base", "extra_part"}
    assert "trying pip" in done.stderr
    assert (tmp_path / "links").read_text().strip() == str(tmp_path / "index")


def test_uv_gets_the_indexes_of_pip_unless_it_has_its_own() -> None:
    given = {"PIP_INDEX_URL": "https://a", "UV_INDEX": "https://own", "PIP_EXTRA_INDEX_URL": "https://b https://c"}
    assert locked.uv_environment(given) == {**given, "UV_DEFAULT_INDEX": "https://a"}
    assert locked.uv_environment({"PIP_FIND_LINKS": "one two"})["UV_FIND_LINKS"] == "one,two"


def test_a_package_that_is_left_out_on_purpose_is_no_conflict() -> None:
    name, version = next(iter(locked.own_requirements()))
    assert locked._is_left_out(f"{name} {version} requires wandb, which is not installed.")
    assert not locked._is_left_out(f"{name} {version} has requirement numpy<2, but you have numpy 2.4.")
    assert not locked._is_left_out("vocos 0.1.0 requires encodec, which is not installed.")
    assert not locked._is_left_out(f"{name} {version} requires vocos, which is not installed.")


# --- make -----------------------------------------------------------------------------------------------------


def make(venv: Path, *arguments: str) -> list[str]:
    """The calls of tools/install.py: ``echo`` stands in for Python."""
    command = ["make", "--silent", *arguments, f"VENV={venv}", "PYTHON=echo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [" ".join(line.split()) for line in done.stdout.splitlines() if "tools/install.py" in line]


def test_the_developers_tools_are_installed_for_those_who_need_them_and_stay(tmp_path: Path) -> None:
    base = f"tools/install.py {tmp_path}"
    assert make(tmp_path, "install") == [base]
    assert make(tmp_path, "install") == []
    assert make(tmp_path, "setup") == [f"{base} dev"]
    assert make(tmp_path, "install") == make(tmp_path, "setup") == []
    for stamp in tmp_path.glob(".ready*"):
        os.utime(stamp, (0, 0))  # older than the locks: an upgrade
    assert make(tmp_path, "install") == [f"{base} dev"]
    assert make(tmp_path, "setup") == []


@pytest.mark.parametrize("target", ["demo", "test", "test-all", "check", "soak", "benchmark"])
def test_only_the_demo_does_without_the_developers_tools(tmp_path: Path, target: str) -> None:
    extras = "" if target == "demo" else " dev"
    assert make(tmp_path, "--dry-run", target) == [f"echo tools/install.py {tmp_path}{extras}"]


def test_the_lock_has_what_macos_requires(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the requirements of the packages that are installed here, read as on a Mac with Apple silicon."""
    mac = {**markers.default_environment(), "sys_platform": "darwin", "platform_system": "Darwin"}
    monkeypatch.setattr(
        markers, "default_environment", lambda: {**mac, "platform_machine": "arm64", "os_name": "posix"}
    )
    wanted = locked.needed([Requirement(line) for line in locked.expanded(".[dev]")], {})
    assert wanted <= pins_of("all.lock").keys()


def test_the_interpreter_of_the_environment_is_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with ``python -m venv``: a copy of Python's program does not find its library on every system."""
    monkeypatch.setattr(sys, "argv", ["install.py", str(tmp_path / "venv")])
    monkeypatch.setattr(install, "_install_locked", lambda python, extras: None)
    monkeypatch.setattr(install, "_install_unlocked", lambda python, extras: None)
    install.main()
    assert (tmp_path / "venv" / "bin" / "python").is_symlink()


# --- builds of torch for other devices ------------------------------------------------------------------------


def write_metadata(folder: Path, name: str, version: str, requires: Sequence[str] = ()) -> None:
    """An installed package, as far as its metadata tell."""
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir()
    needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")


@pytest.mark.parametrize(
    ("version", "kept", "said"),
    [
        (f"{PINS['torch']}+xpu", True, "is kept"),
        (f"{PINS['torch']}+rocm7.0", True, "is kept"),
        (f"{PINS['torch']}+cu128", True, "is kept"),
        (f"{PINS['torch']}+cpu", False, ""),
        (PINS["torch"], False, ""),
        ("1.0.0+xpu", False, "is replaced"),
    ],
)
def test_a_build_of_torch_that_somebody_has_chosen_is_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
    kept: bool,
    said: str,
) -> None:
    write_metadata(tmp_path, "torch", version)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    commands: list[list[str]] = []
    monkeypatch.setattr(install, "_install_cpu_build", lambda locked: bool(commands.append(["torch"])) or True)
    monkeypatch.setattr(install, "_has_nvidia_driver", lambda: False)
    run = subprocess.run

    def recorded(command: list[str], **options: object) -> object:
        return run(command, **options) if "-c" in command else commands.append(command)  # type: ignore[call-overload]

    monkeypatch.setattr(install.subprocess, "run", recorded)
    install._install_locked(sys.executable, "dev")
    assert (["torch"] not in commands) is kept
    assert commands[-1][-1] == str(ROOT)
    out = capsys.readouterr().out
    assert said in out
    assert not said or version in out


def test_what_a_build_for_another_device_brought_along_needs_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_metadata(tmp_path, "network", "1.0+xpu", ["vendor-runtime", "plain"])
    monkeypatch.syspath_prepend(tmp_path)
    of_any_build, of_this = {"network": "network==1.0 ", "plain": "plain==2"}, {"network": "network==1.0+xpu "}
    assert locked.needed([Requirement("network")], of_any_build) == {"network", "plain"}
    assert locked.needed([Requirement("network")], of_this) == {"network", "vendor-runtime", "plain"}
