"""What the product imports is what pyproject.toml declares, and the locked installation has all of it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.paths import ROOT
from tools import locked

#: Installed by the product itself when the machine needs it (``environment/``), or part of a declared package.
UNDECLARED = {"flash_attn", "f5_pipeline"}
EXTRAS = {
    **{"av": "m4a", "faster_whisper": "asr", "pocketsphinx": "asr", "rapidfuzz": "asr", "onnxruntime": "quality"},
    **{"ray": "ray", "grpc": "ray"},
}


def imports_of(path: Path) -> Iterator[str]:
    """The top-level names that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name.partition(".")[0] for name in names)


def imported(folder: str) -> set[str]:
    found = {name for path in (ROOT / folder).rglob("*.py") for name in imports_of(path)}
    return found - set(sys.stdlib_module_names) - UNDECLARED


@cache
def packages() -> Mapping[str, list[str]]:
    """The distributions of each top-level module of this environment."""
    return metadata.packages_distributions()


def names(lines: list[str]) -> set[str]:
    return {locked.normalised(Requirement(line).name) for line in lines}


def distributions(module: str) -> set[str]:
    """The distributions that have a module; its own name if it is not installed (tomli, with newer Pythons)."""
    found = packages().get(module, [module])
    return {locked.normalised(name) for name in found}


def test_every_imported_package_is_declared() -> None:
    project = locked._pyproject()["project"]
    declared = names(project["dependencies"])
    undeclared = {name for name in imported("f5_pipeline") if not distributions(name) & declared}
    assert undeclared == EXTRAS.keys()
    for module, extra in EXTRAS.items():
        assert distributions(module) & names(project["optional-dependencies"][extra]), module


def test_every_requirement_of_the_product_has_an_upper_bound() -> None:
    lines = locked._pyproject()["project"]["dependencies"]
    unbounded = [line for line in lines if not re.search(r"<\d|==", line)]
    assert names(unbounded) == {"packaging"}  # its versions are years


def test_what_we_need_of_f5_tts_is_part_of_what_it_requires() -> None:
    """A new version of f5-tts needs a new list."""
    ((name, version),) = locked.own_requirements()
    assert (name, version) == ("f5-tts", metadata.version("f5-tts"))
    theirs = {str(Requirement(line)) for line in metadata.requires(name) or []}
    ours = {str(Requirement(line)) for line in locked.own_requirements()[name, version]}
    assert ours < {line.replace('"', "'") for line in theirs} | theirs


_SPEAK = """
import sys
sys.modules.update(dict.fromkeys({absent!r}))  # an import of one of these fails

import f5_pipeline.cli.main, f5_pipeline.definitions
from f5_pipeline.defs.metadata.spectrogram import spectrogram
from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.f5.upstream import prepare_imports
prepare_imports()
from tests.engine.f5.models import CHUNK, demo_files, demo_spec

(spoken,) = F5Engine(demo_spec(), demo_files(), "cpu", "float32").speak([CHUNK])
assert not spoken.error, spoken.error
assert spoken.samples.size > 10_000
spectrogram(spoken.samples, "title")
assert "einx" not in sys.modules
from x_transformers.x_transformers import AlibiPositionalBias
assert AlibiPositionalBias(heads=2, total_heads=2)(3, 3).shape == (2, 3, 3)  # by a function of einx
import f5_tts.model
try:
    f5_tts.model.Trainer
except ImportError as error:
    print(error)
"""


@pytest.mark.slow
def test_the_locked_installation_without_extras_speaks() -> None:
    """A line is spoken although nothing can be imported that ``make install`` leaves out of this environment."""
    base = locked.needed([Requirement(line) for line in locked.expanded(".")], {})
    absent = {
        module
        for module, owners in packages().items()
        if not {locked.normalised(owner) for owner in owners} & (base | {"f5-pipeline", "pip", "setuptools"})
    }
    assert {"librosa", "transformers", "ray", "pytest"} <= absent
    code = _SPEAK.format(absent=absent)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "wandb" in done.stdout  # upstream's trainer is imported on demand, and needs what is absent here
