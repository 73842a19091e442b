"""All that is looked at, and with what: the one place where judgements meet this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from f5_pipeline.doctor import attention, disk, engine, gpu, instance, interpreter, model, port, store, voices
from f5_pipeline.doctor.finding import Check, Finding, ask_all, of_error, ok, skipped
from f5_pipeline.doctor.variables import NAME as VARIABLES
from f5_pipeline.doctor.variables import judge_variables, see_variables
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.models.catalogue import model_named
from f5_pipeline.models.files import find
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import missing_bytes
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.storage.s3 import S3Store

SETTINGS = "settings"


def examine() -> list[Finding]:
    """Look at everything, in this process's environment and folder."""
    variables = see_variables()  # before loading the settings puts ``.env`` into the environment
    first = [Check((VARIABLES,), lambda: [judge_variables(variables)])]
    try:
        settings = load_settings()
        opened = open_store(settings.store)
        spec = model_named(settings)
    except F5PipelineError as error:
        wrong = of_error(SETTINGS, error)
        return ask_all([_constant([wrong]), *first, *_without_settings()]) + list(_behind(SETTINGS))
    right = ok(SETTINGS, f"F5_STORE is {opened.url}, F5_MODEL is {spec.name}, F5_DEVICE is {settings.device}.")
    return ask_all([_constant([right]), *first, *_without_settings(), *_with_settings(settings, opened, spec)])


def _constant(findings: Iterable[Finding]) -> Check:
    known = list(findings)
    return Check(tuple(finding.name for finding in known), lambda: known)


def _without_settings() -> list[Check]:
    return [
        Check(("python",), lambda: [interpreter.judge_python(*interpreter.see_python())]),
        Check(("packages",), lambda: [interpreter.judge_packages(*interpreter.see_packages())]),
        Check(instance.NAMES, lambda: instance.judge_instance(instance.see_instance(Path.cwd()))),
        Check((port.NAME,), lambda: [port.judge_port(port.see_port())]),
    ]


_MACHINE = (*engine.NAMES, gpu.NAME, attention.NAME, "disk")
_CONTENTS = (voices.NAME, *model.NAMES)


def _with_settings(settings: Settings, opened: ObjectStore, spec: ModelSpec) -> list[Check]:
    stores = store.BUCKET_NAMES if isinstance(opened, S3Store) else store.FOLDER_NAMES
    return [
        Check(_MACHINE, lambda: _look_at_machine(settings, opened, spec), engine.SECONDS + 30),
        Check(("memory",), lambda: [_memory(settings, spec)]),
        Check(("cache",), lambda: [_cache(settings)]),
        Check((*stores, *_CONTENTS), lambda: _look_at_store(settings, opened, spec), store.SECONDS),
    ]


def _behind(blocker: str) -> Iterator[Finding]:
    names = (*_MACHINE, "memory", "cache", *store.FOLDER_NAMES, *_CONTENTS)
    return (skipped(name, blocker) for name in names)


def _look_at_machine(settings: Settings, opened: ObjectStore, spec: ModelSpec) -> Iterator[Finding]:
    imports = engine.see_imports()
    yield from engine.judge_imports(imports)
    yield gpu.judge_gpu(imports, gpu.see_machine(), settings.device)
    if imports.failures.get("torch", "?"):
        prospect = attention.Prospect()
        yield skipped(attention.NAME, "torch")
    else:
        prospect = attention.see_prospect(settings)
        yield attention.judge_attention(imports, prospect, settings.attention)
    missing = missing_bytes(spec, settings.cache)
    yield disk.judge_rooms(disk.see_rooms(settings.cache, opened.url, missing, prospect.wheel))


def _memory(settings: Settings, spec: ModelSpec) -> Finding:
    here = find(spec.checkpoint, settings.cache)
    size = here.stat().st_size if here else spec.checkpoint.size or missing_bytes(spec, settings.cache)
    return interpreter.judge_memory(interpreter.see_memory(), size)


def _cache(settings: Settings) -> Finding:
    return disk.judge_folder("cache", settings.cache, disk.see_writing(settings.cache), "F5_CACHE")


def _look_at_store(settings: Settings, opened: ObjectStore, spec: ModelSpec) -> Iterator[Finding]:
    """The store, and, if it can be listed, what is in it."""
    found = list(store.look_at_bucket(opened) if isinstance(opened, S3Store) else store.look_at_folder(opened))
    yield from found
    broken = next((each.name for each in found if each.name != "store_write" and each.status == "fail"), None)
    if broken is None:
        yield voices.judge_voices(voices.see_voices(opened, settings.cache, spec))
    else:
        yield skipped(voices.NAME, broken)
    yield model.judge_model(spec, model.see_model(spec, settings.cache, None if broken else opened))
    yield model.judge_licence(spec, settings.commercial)
