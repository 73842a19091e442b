"""The pages: links work, the README is short, the architecture page matches the folders, the glossary is linked."""

from __future__ import annotations

import re

import pytest

from f5_pipeline.cli.main import cli
from tests.paths import DOCS, ROOT

ARCHITECTURE = (DOCS / "architecture.md").read_text()


@pytest.mark.parametrize(
    "page",
    [
        *sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")),
        *("../README.md", "../CONTRIBUTING.md", "../SECURITY.md"),
    ],
)
def test_links_lead_to_existing_files_and_headings(page: str) -> None:
    path = DOCS / page
    for target, _, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#([^)\s]+))?\)", path.read_text()):
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), f"{page} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(), re.M)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page} links to {target}#{anchor}"


def test_commands_and_their_options_exist() -> None:
    """Whatever a page shows of the command line: ``f5-pipeline COMMAND … --option``."""
    shown = [
        (page.name, *line)
        for page in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
        for line in re.findall(r"(?:^ *|[`/]|\$ |code )f5-pipeline ([a-z]+)\b([^`|\n]*)", page.read_text(), re.M)
    ]
    assert len(shown) > 100
    assert {(page, name) for page, name, _ in shown if name not in cli.commands} == set()
    options = {
        name: {"--help", *(option for parameter in command.params for option in parameter.opts)}
        for name, command in cli.commands.items()
    }
    unknown = {
        (page, name, option)
        for page, name, rest in shown
        for option in re.findall(r"(?<!\S)--[\w-]+", rest.partition(" # ")[0].partition(" && ")[0])
        if name in options and option not in options[name]
    }
    assert unknown == set()


def test_readme_is_short_and_links_every_page() -> None:
    readme = (ROOT / "README.md").read_text()
    assert readme.count("\n") < 120
    pages = {path.name for path in DOCS.glob("*.md")} - {"index.md"}  # the site's own first page
    assert [page for page in pages if f"(docs/{page})" not in readme] == []


def test_architecture_lists_exactly_the_packages() -> None:
    packages = {path.parent.name for path in (ROOT / "f5_pipeline").rglob("__init__.py")} - {"f5_pipeline"}
    block = ARCHITECTURE.partition("## The folders")[2].partition("Beside the package")[0]
    assert set(re.findall(r"^ +(\w+)/ ", block, re.M)) == packages


def test_files_that_the_architecture_names_exist() -> None:
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)`", ARCHITECTURE))
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists() and not (ROOT / "f5_pipeline" / name).exists()] == []
