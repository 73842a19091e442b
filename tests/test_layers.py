"""The rules of the architecture, checked on all imports; and the package imports without heavy packages.

Every import counts: in a module, in a function, under ``TYPE_CHECKING``.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import f5_pipeline

ROOT = Path(f5_pipeline.__file__).parent

#: The layers from bottom to top: a folder or module each. A module imports from its own layer and those below it.
LAYERS = (
    *("display", "errors", "settings", "storage", "environment", "audio", "models", "languages", "text", "engine"),
    *("voices", "results", "quality", "doctor", "manifests", "synthesis", "delivery", "cluster", "server"),
    *("defs", "definitions", "demo", "cli"),
)
#: Layers that may not import all layers below them: layer → the layers that it must not import.
FORBIDDEN = {
    "results": {"environment", "models", "languages", "text", "engine", "voices"},  # a look-up cannot start a synthesis
    "manifests": {"environment"},
    "synthesis": {"environment"},
    "delivery": {"environment", "models", "engine", "voices", "synthesis"},
    "cluster": {"delivery"},
    "server": {"environment", "models", "text", "engine", "voices", "quality", "doctor", "synthesis", "cluster"},
    "defs": {"doctor"},
}
TOP_LEVEL = {"__init__", "definitions", "errors"}
MAX_SHARE = 0.12  # of all lines, in one folder without its subfolders

HEAVY = {"torch", "torchaudio", "f5_tts", "vocos"}
#: Package → the modules (prefixes of names) that may import it; those in LAZY only inside functions.
IMPORTERS: dict[str, tuple[str, ...]] = {
    "dagster": ("f5_pipeline.defs.",),
    "torchaudio": (),  # by name in environment/torchaudio.py
    **dict.fromkeys(HEAVY - {"torchaudio"}, ("f5_pipeline.engine.f5.",)),
    "ray": ("f5_pipeline.cluster.",),
    **dict.fromkeys(("faster_whisper", "pocketsphinx", "rapidfuzz"), ("f5_pipeline.quality.asr.",)),
    "onnxruntime": ("f5_pipeline.quality.neural.",),
    **dict.fromkeys(("boto3", "botocore"), ("f5_pipeline.storage.s3",)),
}
LAZY = {*HEAVY, "ray", "boto3", "botocore", "faster_whisper", "pocketsphinx", "rapidfuzz", "onnxruntime"}
DAGSTER_MODULES = ("f5_pipeline.defs", "f5_pipeline.definitions", "f5_pipeline.demo.__main__")


@dataclass(frozen=True)
class Import:
    """One import statement."""

    module: str
    imported: str
    line: int
    at_import: bool  # True if it runs when the module is imported

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.imported}"


def module_name(path: Path) -> str:
    parts = ("f5_pipeline", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[Import]:
    yield from _walk(ast.parse(path.read_text(encoding="utf-8")), module_name(path), at_import=True)


def _walk(node: ast.AST, module: str, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(module, alias.name, child.lineno, at_import) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{module}:{child.lineno} has a relative import"
            # "from f5_pipeline import errors" imports a module, "from f5_pipeline.errors import X" a name.
            names = [f"f5_pipeline.{a.name}" for a in child.names] if child.module == "f5_pipeline" else [child.module]
            yield from (Import(module, name or "", child.lineno, at_import) for name in names)
        else:
            lazy = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or _types_only(child)
            yield from _walk(child, module, at_import and not lazy)


def _types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


PATHS = sorted(ROOT.rglob("*.py"))


@cache
def all_imports() -> list[Import]:
    return [found for path in PATHS for found in imports_of(path)]


def layer_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@cache
def internal_imports() -> list[Import]:
    return [found for found in all_imports() if found.imported.startswith("f5_pipeline.")]


def test_every_folder_is_a_layer() -> None:
    assert {layer_of(module_name(path)) for path in PATHS} - {""} == set(LAYERS)
    assert {path.stem for path in ROOT.glob("*.py")} == TOP_LEVEL


def test_imports_point_down_only() -> None:
    assert [
        str(found) for found in internal_imports() if not _is_allowed(layer_of(found.module), layer_of(found.imported))
    ] == []


def _is_allowed(layer: str, imported: str) -> bool:
    is_below = LAYERS.index(imported) <= LAYERS.index(layer)
    return is_below and imported not in FORBIDDEN.get(layer, set())


def test_forbidden_layers_are_below() -> None:
    """Layers above are forbidden anyway."""
    pairs = [(layer, name) for layer, names in FORBIDDEN.items() for name in names]
    assert [(layer, name) for layer, name in pairs if LAYERS.index(name) > LAYERS.index(layer)] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {module_name(path) for path in PATHS}
    graph = {name: {found.imported for found in internal_imports() if found.module == name} & names for name in names}
    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_no_folder_is_too_large() -> None:
    lines = Counter[str]()
    for path in PATHS:
        lines[str(path.parent.relative_to(ROOT))] += len(path.read_text(encoding="utf-8").splitlines())
    assert {name: count for name, count in lines.items() if count > MAX_SHARE * lines.total()} == {}


def test_every_permission_to_import_is_used() -> None:
    unused = {
        (package, importer)
        for package, importers in IMPORTERS.items()
        for importer in importers
        if not any(
            each.imported.split(".")[0] == package and each.module.startswith(importer) for each in all_imports()
        )
    }
    assert unused == set()


@pytest.mark.parametrize("package", sorted(IMPORTERS))
def test_third_party_packages_are_imported_where_they_belong(package: str) -> None:
    found = [each for each in all_imports() if each.imported.split(".")[0] == package]
    assert [str(each) for each in found if not each.module.startswith(IMPORTERS[package])] == []
    if package in LAZY:
        assert [str(each) for each in found if each.at_import] == []


def test_all_kinds_of_imports_are_found() -> None:
    """Otherwise the tests above would check nothing."""
    found = {(each.module, each.imported, each.at_import) for each in all_imports()}
    assert ("f5_pipeline.engine.f5.engine", "torch", False) in found
    assert ("f5_pipeline.defs.code_location", "dagster", True) in found
    assert ("f5_pipeline.storage.open", "f5_pipeline.storage.s3", False) in found
    assert {"torch", "f5_tts", "vocos", "boto3", "dagster"} <= {each.imported.split(".")[0] for each in all_imports()}


# --- imports in a new process ---------------------------------------------------------------------------------

_IMPORT_ALL = """
import importlib, importlib.abc, sys

class Ban(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in BANNED:
            raise ImportError(f"{name} is imported")

BANNED, MODULES = sys.argv[1].split(","), sys.argv[2].split(",")
sys.meta_path.insert(0, Ban())
for module in MODULES:
    importlib.import_module(module)
assert not set(BANNED) & set(sys.modules)
print(len(MODULES))
"""

MODULES = [module_name(path) for path in PATHS]
WITHOUT_DAGSTER = [name for name in MODULES if not name.startswith(DAGSTER_MODULES)]
BANNED = [*sorted(LAZY), "transformers", "matplotlib"]


def _import(modules: list[str], banned: list[str], folder: Path) -> str:
    """Import modules in a new process; returns their number, or the error."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, ",".join(banned), ",".join(modules)],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    return done.stdout.strip() or done.stderr


def test_the_package_without_defs_imports_without_torch_and_dagster(tmp_path: Path) -> None:
    assert "f5_pipeline.cli.main" in WITHOUT_DAGSTER
    assert _import(WITHOUT_DAGSTER, [*BANNED, "dagster", "dagster_aws"], tmp_path) == str(len(WITHOUT_DAGSTER))


def test_defs_import_without_torch(tmp_path: Path) -> None:
    rest = [name for name in MODULES if name not in WITHOUT_DAGSTER]
    assert {"f5_pipeline.definitions", "f5_pipeline.defs.assets.generated_audio"} <= set(rest)
    assert _import(rest, BANNED, tmp_path) == str(len(rest))
