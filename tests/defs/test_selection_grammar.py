"""Asset selections with both antlr4 runtimes: the one that f5-tts requires, and the one of Dagster's parser."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import antlr4
import dagster as dg
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from f5_pipeline.defs import selection_grammar
from f5_pipeline.defs.code_location import define
from tests.paths import ROOT

SETUP = {"flash_attn_environment", "model_weights", "voice_files"}
SPEECH = {"utterances", "generated_audio"}
SELECTIONS = {
    "utterances": {"utterances"},
    "utterances*": {"utterances", "generated_audio", "delivered_audio"},  # Dagster's former syntax
    'key:"utterances"+': {"utterances", "generated_audio", "delivered_audio"},
    "key:utterances+1": SPEECH,
    "1+key:generated_audio": {"generated_audio", "utterances", "model_weights", "voice_files"},
    "+key:voice_files": {"flash_attn_environment", "voice_files"},
    "key:*audio": {"generated_audio", "delivered_audio"},
    "group:setup or group:speech": SETUP | SPEECH,
    "group:speech and not key:utterances": {"generated_audio"},
    'roots(group:"speech")': {"utterances"},
    "sinks(*)": {"delivered_audio"},
    "kind:python": {"flash_attn_environment"},
    "tag:nothing=here": set(),
}


def selected(text: str) -> set[str]:
    keys = dg.AssetSelection.from_string(text).resolve(define().resolve_asset_graph())
    return {key.to_user_string() for key in keys}


@pytest.mark.parametrize("text", SELECTIONS)
@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_selections_select_what_they_say(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert selected(text) == SELECTIONS[text]
    assert capsys.readouterr().out == ""  # the runtime says nothing of versions


@pytest.mark.parametrize("text", ["key:", "(utterances", "group:speech and", 'key:"utterances', "kind:ü"])
def test_what_is_no_selection_is_refused(text: str) -> None:
    with pytest.raises(dg.DagsterError, match="Invalid selection string"):
        dg.AssetSelection.from_string(text)


def test_jobs_and_sensors_take_selections_as_text() -> None:
    job = dg.define_asset_job("again", selection='key:"utterances"+')
    sensor = dg.AutomationConditionSensorDefinition("follows", target="group:setup")
    merged = dg.Definitions.merge(define(), dg.Definitions(jobs=[job], sensors=[sensor]))
    assert len(merged.resolve_job_def("again").asset_layer.selected_asset_keys) == 3
    assert len(sensor.asset_selection.resolve(merged.resolve_asset_graph())) == 3


def test_the_parsers_of_f5_tts_keep_their_runtime() -> None:
    """Why the runtime of this environment is the old one; if this fails, ``selection_grammar`` may be superfluous."""
    assert "antlr4-python3-runtime==4.9.*" in (requires("omegaconf") or [])
    assert version("antlr4-python3-runtime").startswith("4.9.")
    assert OmegaConf.create({"seed": 7, "name": "take-${seed}"}).name == "take-7"
    assert OverridesParser.create().parse_override("ckpts.save_dir=[a,b]").value() == ["a", "b"]


def test_the_runtime_is_as_it_was() -> None:
    selection_grammar.load_selection_grammar()
    assert antlr4.ATNDeserializer.__module__ == "antlr4.atn.ATNDeserializer"
    with pytest.raises(TypeError):
        antlr4.ATNDeserializer().deserialize([4, 0])


def test_tables_of_an_unknown_version_are_refused() -> None:
    with pytest.raises(ImportError, match="unknown version 5"):
        selection_grammar._ListDeserializer().deserialize([5, 0, 1])


def test_a_dagster_without_this_grammar_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection_grammar, "SELECTION_PARSERS", [("dagster.moved_away", "Lexer")])
    selection_grammar.load_selection_grammar()


# --- the commands ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def newer_runtime(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with ANTLR 4.13. This environment has 4.9, with which the commands of ``dg`` are tested."""
    folder = str(tmp_path_factory.mktemp("antlr"))
    command = ["install", "--quiet", "--no-deps", "--target", folder, "antlr4-python3-runtime==4.13.2"]
    done = subprocess.run([sys.executable, "-m", "pip", *command], capture_output=True, text=True, check=False)
    if done.returncode and "CI" not in os.environ:
        pytest.skip("no package index")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_commands_take_selections(tmp_path: Path, cache: Path, newer_runtime: str) -> None:
    def dagster(*arguments: str) -> str:
        # Another test of this process may have opened an instance, which sets DAGSTER_HOME.
        environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
        environment |= {"F5_STORE": str(tmp_path / "store"), "F5_CACHE": str(cache)}
        environment |= {"XDG_STATE_HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
        environment["PYTHONPATH"] = os.pathsep.join([newer_runtime, str(ROOT)])
        command = [Path(sys.executable).with_name("dagster"), *arguments]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    code = ("-m", "f5_pipeline.definitions")
    listed = dagster("asset", "list", *code, "--select", 'key:"utterances"+,kind:python')
    assert listed.split() == ["delivered_audio", "flash_attn_environment", "generated_audio", "utterances"]
    dagster("asset", "materialize", *code, "--select", '+key:"voice_files"')
    with dg.DagsterInstance.from_config(str(tmp_path / "f5-pipeline" / "dagster")) as instance:
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert {key.to_user_string() for key in run.asset_selection or ()} == {"flash_attn_environment", "voice_files"}
