"""Where the code of an asset is: its file in a checkout; for an installed release, its page in the repository.

Nothing if neither is known: a wrong link is worse than none.
"""

import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from types import FunctionType
from typing import Any
from urllib.parse import urlsplit

import dagster as dg

import f5_pipeline

_PACKAGE = Path(f5_pipeline.__file__).parent
_DISTRIBUTION = "f5-pipeline"
_LABELS = {"source", "sourcecode", "repository", "github"}  # of a project's URLs, as package indexes know them
_PAGES = {"github.com": "{url}/blob/v{version}/{file}#L{line}", "gitlab.com": "{url}/-/blob/v{version}/{file}#L{line}"}


def code_reference(function: Callable[..., Any]) -> Mapping[str, dg.CodeReferencesMetadataValue]:
    """The metadata of an asset with this body."""
    assert isinstance(function, FunctionType)
    file, line = Path(function.__code__.co_filename), function.__code__.co_firstlineno
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        if (_PACKAGE.parent / "pyproject.toml").is_file():
            reference: Any = dg.LocalFileCodeReference(file_path=str(file), line_number=line)
        elif page := _page(file.relative_to(_PACKAGE.parent).as_posix(), line):
            reference = dg.UrlCodeReference(url=page)
        else:
            return {}
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def _page(file: str, line: int) -> str:
    """The page of a line of code in the repository of this release; "" if the repository or release is not known."""
    try:
        project = metadata(_DISTRIBUTION)
    except PackageNotFoundError:
        return ""
    version = project["Version"]
    if "dev" in version or "+" in version:  # no release, so it has no tag
        return ""
    for entry in project.get_all("Project-URL") or ():
        label, _, url = entry.partition(",")
        page = _PAGES.get(urlsplit(url.strip()).hostname or "")
        if page and label.strip().lower().replace(" ", "") in _LABELS:
            return page.format(url=url.strip().rstrip("/").removesuffix(".git"), version=version, file=file, line=line)
    return ""
