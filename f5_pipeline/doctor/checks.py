"""All checks of ``doctor``, in their order: which probe feeds which check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from f5_pipeline.doctor import (
    attention,
    disk,
    gpu,
    imports,
    instance,
    interpreter,
    model,
    port,
    selections,
    store,
    voices,
)
from f5_pipeline.doctor.finding import Finding, from_error, ok, skipped
from f5_pipeline.doctor.runner import CheckGroup, run_groups
from f5_pipeline.doctor.variables import NAME as VARIABLES
from f5_pipeline.doctor.variables import check_variables, probe_variables
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.files import find
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import missing_bytes
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.storage.s3 import S3Store
from f5_pipeline.voices.listing import unused_files

SETTINGS = "settings"

_MACHINE = (*imports.NAMES, gpu.NAME, attention.NAME, "disk")
_CONTENTS = (voices.NAME, *model.NAMES)


def run_all_checks() -> list[Finding]:
    """Run all checks, with this process's environment and working folder."""
    variables = probe_variables()  # before ``load_settings`` puts ``.env`` into the environment
    basic = [CheckGroup((VARIABLES,), lambda: [check_variables(variables)]), *_independent_groups()]
    try:
        settings = load_settings()
        opened = open_store(settings.store)
        spec = model_named(settings)
    except F5PipelineError as error:
        return [from_error(SETTINGS, error), *run_groups(basic), *_skipped_without_settings()]
    found = f"F5_STORE is {opened.url}, F5_MODEL is {spec.name}, F5_DEVICE is {settings.device}."
    return [ok(SETTINGS, found), *run_groups([*basic, *_dependent_groups(settings, opened, spec)])]


def _independent_groups() -> list[CheckGroup]:
    """Checks that need no settings."""
    return [
        CheckGroup(("python",), lambda: [interpreter.check_python(*interpreter.probe_python())]),
        CheckGroup(("packages",), lambda: [interpreter.check_packages(*interpreter.probe_packages())]),
        CheckGroup(
            (selections.NAME,),
            lambda: [selections.check_selections(selections.probe_selections())],
            selections.TIMEOUT_SECONDS + 30,
        ),
        CheckGroup(instance.NAMES, lambda: instance.check_instance(instance.probe_instance(Path.cwd()))),
        CheckGroup((port.NAME,), lambda: [port.check_port(port.probe_port())]),
    ]


def _dependent_groups(settings: Settings, opened: ObjectStore, spec: ModelSpec) -> list[CheckGroup]:
    """Checks that need valid settings."""
    store_names = store.BUCKET_NAMES if isinstance(opened, S3Store) else store.FOLDER_NAMES
    return [
        CheckGroup(_MACHINE, lambda: _machine_findings(settings, opened, spec), imports.TIMEOUT_SECONDS + 30),
        CheckGroup(("memory",), lambda: [_memory_finding(settings, spec)]),
        CheckGroup(("cache",), lambda: [_cache_finding(settings)]),
        CheckGroup((*store_names, *_CONTENTS), lambda: _store_findings(settings, opened, spec), store.TIMEOUT_SECONDS),
    ]


def _skipped_without_settings() -> Iterator[Finding]:
    names = (*_MACHINE, "memory", "cache", *store.FOLDER_NAMES, *_CONTENTS)
    return (skipped(name, SETTINGS) for name in names)


def _machine_findings(settings: Settings, opened: ObjectStore, spec: ModelSpec) -> Iterator[Finding]:
    """The packages, the GPU, the attention kernel and the disks."""
    imported = imports.probe_imports()
    yield from imports.check_imports(imported)
    yield gpu.check_gpu(imported, gpu.probe_hardware(), settings.device)
    if imported.errors.get("torch", "?"):
        plan = attention.AttentionPlan()
        yield skipped(attention.NAME, "torch")
    else:
        plan = attention.probe_attention(settings)
        yield attention.check_attention(imported, plan, settings.attention)
    missing = missing_bytes(spec, settings.cache)
    yield disk.check_disks(disk.probe_disks(settings.cache, opened.url, missing, plan.wheel))


def _memory_finding(settings: Settings, spec: ModelSpec) -> Finding:
    checkpoint = find(spec.checkpoint, settings.cache)
    size = checkpoint.stat().st_size if checkpoint else spec.checkpoint.size or missing_bytes(spec, settings.cache)
    return interpreter.check_memory(interpreter.probe_memory(), size)


def _cache_finding(settings: Settings) -> Finding:
    return disk.check_folder("cache", settings.cache, disk.probe_write(settings.cache), "F5_CACHE")


def _store_findings(settings: Settings, opened: ObjectStore, spec: ModelSpec) -> Iterator[Finding]:
    """The store; its voices if it can be listed; the model."""
    findings = list(store.bucket_findings(opened) if isinstance(opened, S3Store) else store.folder_findings(opened))
    yield from findings
    failed = next((each.name for each in findings if each.name != "store_write" and each.status == "fail"), None)
    if failed is None:
        yield voices.check_voices(voices.probe_voices(opened, settings.cache, spec), unused_files(opened))
    else:
        yield skipped(voices.NAME, failed)
    yield model.check_model(spec, model.probe_model(spec, settings.cache, None if failed else opened))
    yield model.check_licence(spec, settings.commercial)
