"""The arrows of the architecture, read off the imports; and that the package imports without what is heavy.

Every import counts, wherever it stands: in a module, in a function, under ``TYPE_CHECKING``.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import f5_pipeline

ROOT = Path(f5_pipeline.__file__).parent

#: The folders from bottom to top. A module imports from its own folder and from folders below it.
FLOORS = (
    *("errors", "settings", "storage", "environment", "audio", "models", "text", "engine", "voices", "results"),
    *("quality", "doctor", "manifests", "synthesis", "delivery", "cluster", "defs", "definitions", "demo", "cli"),
)
#: Folders that may import fewer than all below them: what they must never depend on.
NEVER = {
    "results": {"environment", "models", "text", "engine", "voices"},  # a look-up cannot start a synthesis
    "manifests": {"environment"},
    "synthesis": {"environment"},
    "delivery": {"environment", "models", "engine", "voices", "synthesis"},
    "cluster": {"delivery"},
    "defs": {"doctor"},
}
TOP_LEVEL = {"__init__", "definitions", "errors"}
LARGEST_SHARE = 0.12  # of all lines, in one folder

HEAVY = {"torch", "torchaudio", "f5_tts", "vocos"}
#: Who may import what at all; HEAVY and boto3 only inside functions even there.
HOMES: dict[str, tuple[str, ...]] = {
    "dagster": ("f5_pipeline.defs.",),
    "torchaudio": (),
    **dict.fromkeys(HEAVY - {"torchaudio"}, ("f5_pipeline.engine.f5.",)),
    "ray": ("f5_pipeline.cluster.",),
    **dict.fromkeys(("faster_whisper", "pocketsphinx", "rapidfuzz"), ("f5_pipeline.quality.asr.",)),
    **dict.fromkeys(("boto3", "botocore"), ("f5_pipeline.storage.s3",)),
}
LAZY = {*HEAVY, "ray", "boto3", "botocore", "faster_whisper", "pocketsphinx", "rapidfuzz"}
DAGSTERS = ("f5_pipeline.defs", "f5_pipeline.definitions", "f5_pipeline.demo.__main__")


@dataclass(frozen=True)
class Import:
    """One import: who, what, where, and whether it happens as soon as the module is imported."""

    module: str
    imported: str
    line: int
    at_once: bool

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.imported}"


def module_name(path: Path) -> str:
    parts = ("f5_pipeline", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[Import]:
    yield from _walk(ast.parse(path.read_text(encoding="utf-8")), module_name(path), at_once=True)


def _walk(node: ast.AST, module: str, at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(module, alias.name, child.lineno, at_once) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{module}:{child.lineno} has a relative import"
            # "from f5_pipeline import errors" imports a module, "from f5_pipeline.errors import X" a name.
            names = [f"f5_pipeline.{a.name}" for a in child.names] if child.module == "f5_pipeline" else [child.module]
            yield from (Import(module, name or "", child.lineno, at_once) for name in names)
        else:
            lazy = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or _types_only(child)
            yield from _walk(child, module, at_once and not lazy)


def _types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


PATHS = sorted(ROOT.rglob("*.py"))
IMPORTS = [found for path in PATHS for found in imports_of(path)]


def layer_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


OURS = [found for found in IMPORTS if found.imported.startswith("f5_pipeline.")]


def test_every_folder_has_a_floor() -> None:
    assert {layer_of(module_name(path)) for path in PATHS} - {""} == set(FLOORS)
    assert {path.stem for path in ROOT.glob("*.py")} == TOP_LEVEL


def test_imports_point_down_only() -> None:
    assert [str(found) for found in OURS if not _is_allowed(layer_of(found.module), layer_of(found.imported))] == []


def _is_allowed(layer: str, imported: str) -> bool:
    below = FLOORS.index(imported) <= FLOORS.index(layer)
    return below and imported not in NEVER.get(layer, set())


def test_what_a_folder_must_never_import_is_below_it() -> None:
    """A rule about a folder above would hold anyway."""
    assert [
        (layer, name) for layer, names in NEVER.items() for name in names if FLOORS.index(name) > FLOORS.index(layer)
    ] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {module_name(path) for path in PATHS}
    graph = {name: {found.imported for found in OURS if found.module == name} & names for name in names}
    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_no_folder_is_half_of_the_house() -> None:
    lines = Counter[str]()
    for path in PATHS:
        lines[layer_of(module_name(path))] += len(path.read_text(encoding="utf-8").splitlines())
    assert {name: count for name, count in lines.items() if count > LARGEST_SHARE * lines.total()} == {}


def test_every_permission_is_used() -> None:
    unused = {
        (package, home)
        for package, homes in HOMES.items()
        for home in homes
        if not any(one.imported.split(".")[0] == package and one.module.startswith(home) for one in IMPORTS)
    }
    assert unused == set()


@pytest.mark.parametrize("package", sorted(HOMES))
def test_foreign_packages_stay_at_home(package: str) -> None:
    found = [one for one in IMPORTS if one.imported.split(".")[0] == package]
    strangers = [str(one) for one in found if not one.module.startswith(HOMES[package])]
    assert strangers == []
    if package in LAZY:
        assert [str(one) for one in found if one.at_once] == []


def test_the_search_for_imports_finds_them() -> None:
    """Else the tests above would pass on nothing."""
    found = {(one.module, one.imported, one.at_once) for one in IMPORTS}
    assert ("f5_pipeline.engine.f5.engine", "torch", False) in found
    assert ("f5_pipeline.defs.code_location", "dagster", True) in found
    assert ("f5_pipeline.storage.open", "f5_pipeline.storage.s3", False) in found
    assert {"torch", "f5_tts", "vocos", "boto3", "dagster"} <= {one.imported.split(".")[0] for one in IMPORTS}


# --- and in fact ----------------------------------------------------------------------------------------------

_IMPORT_ALL = """
import importlib, importlib.abc, sys

class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in BANNED:
            raise ImportError(f"{name} was to be imported")

BANNED, MODULES = sys.argv[1].split(","), sys.argv[2].split(",")
sys.meta_path.insert(0, Without())
for module in MODULES:
    importlib.import_module(module)
assert not set(BANNED) & set(sys.modules)
print(len(MODULES))
"""

MODULES = [module_name(path) for path in PATHS]
WITHOUT_DAGSTER = [name for name in MODULES if not name.startswith(DAGSTERS)]
BANNED = [*sorted(LAZY), "transformers", "matplotlib"]


def _import(modules: list[str], banned: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, ",".join(banned), ",".join(modules)],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    return done.stdout.strip() or done.stderr


def test_everything_but_dagsters_part_imports_without_torch_and_dagster(tmp_path: Path) -> None:
    assert "f5_pipeline.cli.main" in WITHOUT_DAGSTER
    assert _import(WITHOUT_DAGSTER, [*BANNED, "dagster", "dagster_aws"], tmp_path) == str(len(WITHOUT_DAGSTER))


def test_dagsters_part_imports_without_torch(tmp_path: Path) -> None:
    rest = [name for name in MODULES if name not in WITHOUT_DAGSTER]
    assert {"f5_pipeline.definitions", "f5_pipeline.defs.assets.generated_audio"} <= set(rest)
    assert _import(rest, BANNED, tmp_path) == str(len(rest))
