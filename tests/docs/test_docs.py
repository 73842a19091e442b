"""The pages: their links lead somewhere, the README is short, and the architecture names what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("page", [*sorted(path.name for path in (ROOT / "docs").glob("*.md")), "../README.md"])
def test_links_lead_somewhere(page: str) -> None:
    """To files that are there, and to headings that they have."""
    path = ROOT / "docs" / page
    for target, _, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#([^)\s]+))?\)", path.read_text()):
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), f"{page} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.M)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page} links to {target}#{anchor}"


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme.count("\n") < 200
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"(docs/{path.name})" not in readme] == []


def test_the_architecture_names_every_folder() -> None:
    """All packages, and no other; a folder inside another is indented below it."""
    packages = {path.parent.name for path in (ROOT / "f5_pipeline").rglob("__init__.py")} - {"f5_pipeline"}
    block = ARCHITECTURE.partition("## The folders")[2].partition("Beside the package")[0]
    assert set(re.findall(r"^ +(\w+)/ ", block, re.M)) == packages


def test_the_architecture_names_files_that_are_there() -> None:
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)`", ARCHITECTURE))
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists() and not (ROOT / "f5_pipeline" / name).exists()] == []
