"""The wheel and the source distribution, as a release builds them."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.paths import ROOT

#: setuptools' own interface (PEP 517), in the folder of pyproject.toml. It changes ``sys.argv``.
BUILD = """
import sys
from setuptools import build_meta

folder = sys.argv[1]
print(build_meta.build_wheel(folder), build_meta.build_sdist(folder))
"""


def tracked(*paths: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {path for path in listed.splitlines() if (ROOT / path).is_file()}


@pytest.mark.slow
def test_the_distributions_have_every_file_of_the_package_and_no_others(tmp_path: Path) -> None:
    package = tracked("f5_pipeline")
    source = tmp_path / "source"
    for path in package | {"pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md"}:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes((ROOT / path).read_bytes())
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wheel, sdist = (tmp_path / name for name in done.stdout.splitlines()[-1].split())
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == package
    with tarfile.open(sdist) as archive:
        files = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert {name for name in files if name.startswith("f5_pipeline/")} == package
    assert "CHANGELOG.md" in files
