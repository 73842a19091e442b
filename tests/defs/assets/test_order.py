"""Assets that download files verify the environment first, also if they are materialized alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from f5_pipeline.defs.assets.model_weights import model_weights
from f5_pipeline.defs.assets.voice_files import voice_files
from f5_pipeline.settings.environment import Settings
from tests.defs.conftest import Project

FETCHES = {
    "model_weights": "f5_pipeline.models.weights.fetch",
    "voice_files": "f5_pipeline.voices.prepare.fetch",
}


def counting(calls: list[str], name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        return real(*arguments, **options)

    return counted


@pytest.fixture(params=[model_weights, voice_files], ids=list(FETCHES))
def asset(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def calls(asset: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The asset's calls, in order: verifying the environment, fetching files."""
    from importlib import import_module

    calls: list[str] = []
    name = asset.name
    targets = {"proof": f"f5_pipeline.defs.assets.{name}.prove_environment", "fetch": FETCHES[name]}
    for call, target in targets.items():
        module, _, function = target.rpartition(".")
        monkeypatch.setattr(target, counting(calls, call, getattr(import_module(module), function)))
    return calls


def materialize(asset: Any, project: Project) -> None:
    with dg.build_asset_context(instance=project.instance) as context:
        asset(context, settings=project.settings, store=project.store)


def test_the_environment_is_verified_first(project: Project, asset: Any, calls: list[str]) -> None:
    materialize(asset, project)
    assert calls[0] == "proof"
    assert set(calls[1:]) == {"fetch"}


def test_nothing_is_fetched_in_an_unsuitable_environment(project: Project, asset: Any, calls: list[str]) -> None:
    project.settings = Settings(**(project.settings.model_dump() | {"attention": "flash_attn"}))
    with pytest.raises(dg.Failure, match="F5_ATTENTION=flash_attn"):
        materialize(asset, project)
    assert calls == ["proof"]
