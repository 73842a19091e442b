"""Whether torch, torchaudio, Vocos, flash_attn and F5-TTS start, tried in a process of its own that may crash."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from f5_pipeline.doctor.finding import Finding, fail, ok, skipped
from f5_pipeline.environment.platform import torch_version

SECONDS = 240.0  # the first import from a slow disk
NAMES = ("torch", "torchaudio", "vocos", "f5_tts")

_SCRIPT = """
import importlib, importlib.util, json, warnings

def say(**line):
    print("\\n" + json.dumps(line), flush=True)

def facts_of(torch):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = []
    for index in range(count):
        gpu = {"name": torch.cuda.get_device_name(index), "trouble": "", "free": 0}
        try:
            gpu["free"] = torch.cuda.mem_get_info(index)[0]
            ones = torch.ones(16, 16, device=f"cuda:{index}")
            assert float((ones @ ones).sum()) == 4096, "it computes nonsense"
        except Exception as error:
            gpu["trouble"] = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        gpus.append(gpu)
    text = " ".join(" ".join(str(one.message) for one in said).split())[:300]
    return {"version": torch.__version__, "cuda": torch.version.cuda, "gpus": gpus, "said": text}

for name in ("torch", "flash_attn", "torchaudio", "vocos", "f5_tts.model"):
    if name == "flash_attn" and importlib.util.find_spec(name) is None:
        continue
    say(name=name, failure="it crashed the interpreter")
    try:
        module = importlib.import_module(name)
        if name == "flash_attn":
            importlib.import_module("flash_attn.bert_padding").unpad_input, module.flash_attn_varlen_func
        say(name=name, failure="", facts=facts_of(module) if name == "torch" else {})
    except BaseException as error:
        lines = str(error).strip().splitlines() or [""]
        say(name=name, failure=f"{type(error).__name__}: {lines[-1]}"[:300])
"""


@dataclass(frozen=True)
class Gpu:
    """A GPU that torch sees."""

    name: str
    free: int  # bytes of its memory
    trouble: str = ""  # what a first multiplication said; "": it computes


@dataclass(frozen=True)
class Imports:
    """What came of importing each package: what it said, "" if it imports; flash_attn only if it is there."""

    failures: Mapping[str, str]
    torch: str = ""  # its version, "2.7.1+cu126"
    cuda: str | None = None  # that torch was built for
    gpus: tuple[Gpu, ...] = ()
    said: str = ""  # torch's own warnings about the GPU


def see_imports(seconds: float = SECONDS) -> Imports:
    """Import them all in a fresh interpreter, as a run does."""
    command = [sys.executable, "-c", _SCRIPT]
    try:
        # Not in the working folder, where a user's file may be called torch.py.
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=sys.prefix, timeout=seconds, check=False, errors="replace"
        )
        return read_imports(done.stdout)
    except subprocess.TimeoutExpired as error:
        said = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else error.stdout or ""
        return read_imports(said, late=f"it had not ended after {seconds:.0f} s")


def read_imports(said: str, late: str = "") -> Imports:
    """What the process printed; the last line that it began is the one that it crashed, or was stopped, at."""
    failures: dict[str, str] = {}
    facts: dict[str, Any] = {}
    for line in filter(lambda line: line.startswith('{"name"'), said.splitlines()):
        report = json.loads(line)
        failures[report["name"].partition(".")[0]] = report["failure"]
        facts |= report.get("facts", {})
    if late or not failures:
        failures[next(reversed(failures), "torch")] = late or f"{sys.executable} did not begin"
    gpus = tuple(Gpu(**gpu) for gpu in facts.get("gpus", ()))
    return Imports(failures, facts.get("version", ""), facts.get("cuda"), gpus, facts.get("said", ""))


def judge_imports(imports: Imports) -> Iterator[Finding]:
    """A finding for each package but flash_attn, which is judged as ``attention``."""
    broken = {name: said for name, said in imports.failures.items() if said}
    for name in NAMES:
        if name not in imports.failures:
            yield skipped(name, next(iter(broken), "torch"))
        elif name in broken:
            yield _broken(name, broken[name], next(iter(broken)) if name == "f5_tts" or "torch" in broken else name)
        else:
            yield ok(name, f"torch {imports.torch}, {_build(imports)}." if name == "torch" else f"{name} imports.")


def _build(imports: Imports) -> str:
    return f"built for CUDA {imports.cuda}" if imports.cuda else "a build for CPUs"


def _broken(name: str, said: str, cause: str) -> Finding:
    if cause != name:
        return fail(name, f"{name} does not import, because {cause} does not: {said}.", f"Mend {cause} first.")
    version = torch_version()[0]
    fixes = {
        "torch": f"{sys.executable} -m pip install --force-reinstall torch{f'=={version}' if version else ''}, "
        "or a fresh virtual environment.",
        "torchaudio": f"If it does not fit this torch: {sys.executable} -m f5_pipeline.environment.torchaudio sets its "
        "compiled parts aside, which are not needed.",
    }
    again = f"{sys.executable} -m pip install --force-reinstall --no-deps {name.replace('_', '-')}."
    return fail(name, f"{name} does not import: {said}.", fixes.get(name, again))
