"""Links from assets to their code: a file in a checkout, the page of a release, and nothing if neither is known."""

from __future__ import annotations

import inspect
from email.message import Message
from pathlib import Path

import dagster as dg
import pytest

from f5_pipeline.defs.metadata import code_references
from f5_pipeline.defs.metadata.code_references import code_reference


def _body() -> None:
    pass


def reference() -> dg.LocalFileCodeReference | dg.UrlCodeReference | None:
    found = code_reference(_body)
    return found["dagster/code_references"].code_references[0] if found else None


def test_in_a_checkout_it_is_the_file() -> None:
    assert reference() == dg.LocalFileCodeReference(file_path=__file__, line_number=inspect.getsourcelines(_body)[1])


@pytest.mark.parametrize(
    ("entry", "version", "start"),
    [
        ("Source, https://github.com/someone/speech", "1.2.0", "https://github.com/someone/speech/blob/v1.2.0/"),
        ("Repository, https://gitlab.com/a/b.git", "1.2.0", "https://gitlab.com/a/b/-/blob/v1.2.0/"),
        ("Repository, https://github.com/someone/speech", "1.2.0.dev3", None),
        ("Repository, https://git.example.org/speech", "1.2.0", None),
        ("Documentation, https://github.com/someone/speech", "1.2.0", None),
        ("Source, https://github.com.example.org/speech", "1.2.0", None),
    ],
)
def test_an_installed_release_links_to_its_repository_if_that_is_known(
    monkeypatch: pytest.MonkeyPatch, entry: str, version: str, start: str | None
) -> None:
    project = Message()
    project["Version"], project["Project-URL"] = version, entry
    monkeypatch.setattr(code_references, "metadata", lambda name: project)
    monkeypatch.setattr(code_references, "_PACKAGE", Path(__file__).parent)
    found = reference()
    if start is None:
        assert found is None
    else:
        assert isinstance(found, dg.UrlCodeReference)
        line = inspect.getsourcelines(_body)[1]
        assert found.url == f"{start}{Path(__file__).parent.name}/{Path(__file__).name}#L{line}"
