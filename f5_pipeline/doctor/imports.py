"""Import tests of torch, torchaudio, Vocos, flash_attn and F5-TTS, in a subprocess because an import may crash."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from f5_pipeline.doctor.finding import Finding, fail, ok, skipped
from f5_pipeline.doctor.new_interpreter import run_script
from f5_pipeline.environment.platform import torch_version

TIMEOUT_SECONDS = 240.0  # a first import from a slow disk
NAMES = ("torch", "torchaudio", "vocos", "f5_tts")

#: Prints a line of JSON before and after each import, so that a crash shows at which package it happened.
_SCRIPT = """
import importlib, importlib.util, json, warnings
from f5_pipeline.errors import EnvironmentBroken

def report(**line):
    print("\\n" + json.dumps(line), flush=True)

def facts_of(torch):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = []
    for index in range(count):
        gpu = {"name": torch.cuda.get_device_name(index), "error": "", "free": 0}
        try:
            gpu["free"] = torch.cuda.mem_get_info(index)[0]
            ones = torch.ones(16, 16, device=f"cuda:{index}")
            assert float((ones @ ones).sum()) == 4096, "a matrix product is wrong"
        except Exception as error:
            gpu["error"] = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        gpus.append(gpu)
    text = " ".join(" ".join(str(one.message) for one in caught).split())[:300]
    from f5_pipeline.environment.accelerators import available
    others = [name for name in available(torch) if not name.startswith(("cuda", "cpu"))]
    found = {"version": torch.__version__, "cuda": torch.version.cuda, "gpus": gpus, "warnings": text}
    return {**found, "accelerators": others}

from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.environment.torchaudio import import_torchaudio
prepared = {"torchaudio": import_torchaudio, "f5_tts.model": prepare_imports}
for name in ("torch", "flash_attn", "torchaudio", "vocos", "f5_tts.model"):
    if name == "flash_attn" and importlib.util.find_spec(name) is None:
        continue
    report(name=name, error="it crashed the interpreter")
    try:
        prepared.get(name, lambda: None)()
        module = importlib.import_module(name)
        if name == "flash_attn":
            importlib.import_module("flash_attn.bert_padding").unpad_input, module.flash_attn_varlen_func
        report(name=name, error="", facts=facts_of(module) if name == "torch" else {})
    except EnvironmentBroken as error:
        report(name=name, error=error.reason.removeprefix("cannot be imported: ").rstrip(".")[:300], fix=error.fix)
    except BaseException as error:
        lines = str(error).strip().splitlines() or [""]
        report(name=name, error=f"{type(error).__name__}: {lines[-1]}"[:300])
"""


@dataclass(frozen=True)
class Gpu:
    """A GPU that torch sees."""

    name: str
    free: int  # bytes of its memory
    error: str = ""  # of a first matrix product; "": it computes


@dataclass(frozen=True)
class Imports:
    """The result of importing each package, in order."""

    errors: Mapping[str, str]  # by package, "" if it imports; flash_attn only if it is installed
    torch: str = ""  # its version, "2.7.1+cu126"
    cuda: str | None = None  # the version torch was built for
    gpus: tuple[Gpu, ...] = ()
    warnings: str = ""  # torch's own, about the GPU
    accelerators: tuple[str, ...] = ()  # besides CUDA's: "mps", "xpu:0"
    fixes: Mapping[str, str] = field(default_factory=dict)  # by package, where the import itself names one


def probe_imports(timeout_seconds: float = TIMEOUT_SECONDS) -> Imports:
    """Import all packages in a new interpreter, in the order in which a run imports them."""
    try:
        done = run_script(_SCRIPT, timeout_seconds)
        return parse_output(done.stdout)
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else error.stdout or ""
        return parse_output(output, timeout_error=f"it did not finish within {timeout_seconds:.0f} s")


def parse_output(output: str, timeout_error: str = "") -> Imports:
    """Parse what the subprocess printed. It crashed, or was stopped, at the package that it reported last."""
    errors: dict[str, str] = {}
    facts: dict[str, Any] = {}
    fixes: dict[str, str] = {}
    for line in filter(lambda line: line.startswith('{"name"'), output.splitlines()):
        report = json.loads(line)
        errors[report["name"].partition(".")[0]] = report["error"]
        facts |= report.get("facts", {})
        fixes |= {report["name"]: report["fix"]} if "fix" in report else {}
    if timeout_error or not errors:
        errors[next(reversed(errors), "torch")] = timeout_error or f"{sys.executable} did not start"
    gpus = tuple(Gpu(**gpu) for gpu in facts.get("gpus", ()))
    accelerators = tuple(facts.get("accelerators", ()))
    known = errors, facts.get("version", ""), facts.get("cuda"), gpus, facts.get("warnings", "")
    return Imports(*known, accelerators, fixes)


def check_imports(imports: Imports) -> Iterator[Finding]:
    """A finding for each of ``NAMES``; flash_attn has its own check, ``attention``."""
    broken = {name: error for name, error in imports.errors.items() if error}
    for name in NAMES:
        if name not in imports.errors:
            yield skipped(name, next(iter(broken), "torch"))
        elif name in broken:
            cause = next(iter(broken)) if name == "f5_tts" or "torch" in broken else name
            yield _broken(name, broken[name], cause, imports.fixes)
        else:
            yield ok(name, f"torch {imports.torch}, {_build(imports)}." if name == "torch" else f"{name} imports.")


def _build(imports: Imports) -> str:
    return f"built for CUDA {imports.cuda}" if imports.cuda else "a build for CPUs"


def _broken(name: str, error: str, cause: str, known_fixes: Mapping[str, str]) -> Finding:
    if cause != name:
        return fail(name, f"{name} does not import, because {cause} does not: {error}.", f"Fix {cause} first.")
    version = torch_version()[0]
    fixes = {
        "torch": f"Reinstall it: {sys.executable} -m pip install --force-reinstall "
        f"torch{f'=={version}' if version else ''}, or create a new virtual environment.",
        **known_fixes,
    }
    reinstall = f"Reinstall it: {sys.executable} -m pip install --force-reinstall --no-deps {name.replace('_', '-')}."
    return fail(name, f"{name} does not import: {error}.", fixes.get(name, reinstall))
