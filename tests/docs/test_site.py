"""The documentation as a site: it builds in strict mode, which checks links and anchors, and needs no other server."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.paths import DOCS, ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIGURATION = ROOT / "zensical.toml"


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False
    )


def pages_of(navigation: list[Any]) -> list[str]:
    """The files of a navigation, in its order."""
    found: list[str] = []
    for entry in navigation:
        for target in entry.values() if isinstance(entry, dict) else [entry]:
            found += pages_of(target) if isinstance(target, list) else [target]
    return found


def test_the_navigation_has_every_page_once() -> None:
    navigation = tomllib.loads(CONFIGURATION.read_text())["project"]["nav"]
    assert sorted(pages_of(navigation)) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


@pytest.mark.skipif(
    importlib.util.find_spec("zensical") is None and not os.environ.get("CI"), reason="zensical is not installed"
)
def test_the_site_builds_and_broken_links_stop_it(tmp_path: Path) -> None:
    shutil.copy(CONFIGURATION, tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs")
    page = tmp_path / "docs" / "index.md"
    content = page.read_text()
    page.write_text(f"{content}\n[no page](missing.md) and [no heading](scale.md#missing)\n")
    broken = build(tmp_path)
    assert broken.returncode != 0
    for message in ("page does not exist", "anchor does not exist", "2 issues found"):
        assert message in broken.stderr + broken.stdout

    page.write_text(content)
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    built = list((tmp_path / "site").rglob("index.html"))
    assert len(built) == len(list(DOCS.rglob("*.md")))
    for path in built:
        html = path.read_text()
        assert (
            re.findall(r'<(?:script|img|audio|source)[^>]* src="?https?:|<link[^>]*stylesheet[^>]*https?:', html) == []
        )
        for source in re.findall(r'<(?:img|audio)[^>]* src="?([^" >]+)', html):
            assert (path.parent / source).is_file(), f"{path.parent.name}: {source}"
