"""A whole training at toy size, by the documented command, to a model folder that upstream's loaders read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from f5_pipeline.engine.f5.upstream import prepare_imports
from training import acoustic
from training.recipe import RECIPES, Acoustic, load

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


def train(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training", *arguments]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    run = train("toy", "--work", str(folder / "toy"), "--processes", "2")
    assert run.returncode == 0, run.stderr
    return folder / "toy"


@pytest.mark.espeak
def test_upstreams_loaders_read_the_model(work: Path) -> None:
    prepare_imports()
    from f5_tts.infer.utils_infer import load_model, load_vocoder
    from f5_tts.model import DiT

    from training.evaluate import demo_spec

    trained, shipped = work / "model", ROOT / "f5_pipeline" / "demo"
    model = load_model(
        DiT,
        dict(demo_spec().arch),
        str(trained / "model.safetensors"),
        mel_spec_type="vocos",
        vocab_file=str(trained / "vocab.txt"),
        device="cpu",
    )
    vocoder = load_vocoder(is_local=True, local_path=str(trained / "vocos"), device="cpu")
    assert sum(parameter.numel() for parameter in model.parameters()) > 4_000_000
    assert vocoder is not None
    for name in ("vocab.txt", "vocos/config.yaml"):
        assert (trained / name).read_text() == (shipped / name).read_text()
    assert sorted(path.name for path in trained.iterdir() if path.suffix in (".json", ".safetensors")) == [
        "model.safetensors",
        "spacing.json",
    ]
    assert sorted(path.name for path in (trained / "voices").iterdir()) == ["m1.txt", "m1.wav", "m3.txt", "m3.wav"]


@pytest.mark.espeak
def test_the_model_is_evaluated(work: Path) -> None:
    """It has learned nothing, and the figures show it."""
    metrics = json.loads((work / "metrics.json").read_text())
    assert (metrics["sentences"], metrics["voices"], metrics["threads"]) == (2, ["m1", "m3"], 2)
    assert 0 < metrics["teacher_figures"]["teacher_word_error_rate"] < 1
    assert 10 < metrics["megabytes"] < 16
    figures = metrics["steps"]["2"]
    assert figures["relative_word_error_rate"] > 1
    assert figures["distance"] > 6  # noise
    assert metrics["recogniser"] == "pocketsphinx"
    assert figures["by_voice"].keys() == {"m1", "m3"}


@pytest.mark.espeak
def test_the_model_comes_with_its_card(work: Path) -> None:
    card = (work / "model" / "MODEL_CARD.md").read_text(encoding="utf-8")
    shipped = (ROOT / "f5_pipeline" / "demo" / "MODEL_CARD.md").read_text(encoding="utf-8")
    required = ("for production", "no recording of a person", "English only")
    assert [words for words in required if words not in " ".join(card.split())] == []
    assert all(heading in card for heading in shipped.splitlines() if heading.startswith("#"))
    metrics = json.loads((work / "metrics.json").read_text())
    assert f"| relative word error rate | {metrics['steps']['2']['relative_word_error_rate']} |" in card
    assert "80 lines" in card
    assert "`m1`, `m3`" in card


@pytest.mark.espeak
def test_stages_with_a_result_are_skipped(work: Path) -> None:
    run = train("toy", "--work", str(work))
    assert run.returncode == 0
    assert run.stdout.count(" exists") == 9


@pytest.mark.espeak
def test_another_recipe_in_the_same_folder_is_refused(work: Path) -> None:
    run = train("cpu", "--work", str(work))
    assert run.returncode == 1
    assert "another recipe" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("setting", "supported", "used"), [("auto", True, True), ("auto", False, False), (True, False, True)]
)
def test_bfloat16_is_used_if_the_device_supports_it(
    setting: bool | str, supported: bool, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: supported, raising=False)
    recipe = load("toy").model_copy(update={"bfloat16": setting})
    assert acoustic.computes_in_bfloat16(recipe) is used


@pytest.mark.espeak
def test_a_new_evaluation_removes_the_outdated_card(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import stages
    from training.stages import STAGES, TrainingRun

    figures = json.loads((work / "metrics.json").read_text())
    monkeypatch.setattr(stages, "evaluate", lambda model, sentences, steps: figures)
    folder = tmp_path / "again"
    shutil.copytree(work, folder, ignore=shutil.ignore_patterns("metrics.json", "speech"))
    card = folder / "model" / "MODEL_CARD.md"
    card.write_text("| relative word error rate | 1.0 |")
    STAGES["evaluation"][1](TrainingRun(load("toy"), folder, 1))
    assert not card.exists()  # the next stage writes it


@pytest.mark.espeak
def test_training_can_start_from_a_models_weights(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From all of them: with a learning rate of zero they come out unchanged."""
    import torch
    from safetensors.torch import load_file

    from training.stages import STAGES, TrainingRun

    toy = load("toy")
    still = toy.vocoder.model_copy(update={"rate": 1e-12})
    recipe = toy.model_copy(update={"start": str(work / "model"), "vocoder": still})
    monkeypatch.setattr(acoustic, "rate_at", lambda *_: 0.0)
    folder = tmp_path / "leg"
    shutil.copytree(
        work, folder, ignore=shutil.ignore_patterns("recipe.json", "reader.pt", "transformer.pt", "vocos.pt", "model")
    )
    for stage in ("reader", "acoustic", "vocoder", "export"):
        STAGES[stage][1](TrainingRun(recipe, folder, 1))
    given, made = (load_file(path / "model" / "model.safetensors") for path in (work, folder))
    assert given.keys() == made.keys()
    assert [name for name in given if not torch.equal(given[name], made[name])] == []
    given, made = (torch.load(path / "model" / "vocos" / "pytorch_model.bin") for path in (work, folder))
    assert [name for name in given if not torch.equal(given[name], made[name])] == []


@pytest.mark.espeak
def test_a_folder_is_refused_if_the_model_to_start_from_has_changed(work: Path, tmp_path: Path) -> None:
    from training.stages import TrainingRun

    start = tmp_path / "start"
    shutil.copytree(work / "model", start)
    recipe = load("toy").model_copy(update={"start": str(start)})
    TrainingRun(recipe, tmp_path / "leg", 1)
    TrainingRun(recipe, tmp_path / "leg", 1)
    with (start / "model.safetensors").open("ab") as file:
        file.write(b"another")
    with pytest.raises(ValueError, match="another recipe"):
        TrainingRun(recipe, tmp_path / "leg", 1)


@pytest.mark.parametrize("characters", [None, "a\nb\n"], ids=["no model", "another vocabulary"])
def test_a_model_that_training_cannot_start_from(characters: str | None, tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.mkdir()
    if characters:
        shutil.copytree(ROOT / "f5_pipeline" / "demo", start, dirs_exist_ok=True)
        (start / "vocab.txt").write_text(characters)
    (tmp_path / "mine.toml").write_text(f'start = "{start}"\n' + (RECIPES / "toy.toml").read_text())
    run = train(str(tmp_path / "mine.toml"), "--work", str(tmp_path / "work"))
    assert run.returncode == 1
    assert str(start) in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "work" / "recipe.json").exists()


class Interrupted(Exception):
    pass


@pytest.mark.espeak
def test_an_interrupted_training_resumes(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its last checkpoint, with the same result as an uninterrupted one."""
    import torch

    from training.stages import STAGES, TrainingRun

    steps: list[int] = []
    interrupted = threading.Event()
    real = acoustic.rate_at

    def rate(settings: Acoustic, step: int, progress: float) -> float:
        if step == 3 and not interrupted.is_set():
            interrupted.set()
            raise Interrupted
        steps.append(step)
        return real(settings, step, progress)

    def again() -> dict[str, torch.Tensor]:
        STAGES["acoustic"][1](TrainingRun(load("toy"), folder, 1))
        trained: dict[str, torch.Tensor] = torch.load(folder / "transformer.pt", weights_only=True)
        return trained

    folder = tmp_path / "again"
    shutil.copytree(work, folder, ignore=shutil.ignore_patterns("recipe.json", "transformer.pt", "model"))
    uninterrupted = again()
    (folder / "transformer.pt").unlink()

    monkeypatch.setattr(acoustic, "_SAVE", 0.0)
    monkeypatch.setattr(acoustic, "rate_at", rate)
    with pytest.raises(Interrupted):
        again()
    assert (folder / "checkpoint.pt").exists()
    trained = again()
    assert steps == list(range(len(steps)))
    assert 4 < len(steps) < 15
    assert not (folder / "checkpoint.pt").exists()
    assert all(torch.allclose(trained[name], uninterrupted[name], atol=1e-4) for name in uninterrupted)


@pytest.mark.espeak
def test_a_teacher_that_is_told_the_rhythm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stage with a stub of a neural teacher: the rhythm is fitted first, and the speech follows it."""
    import numpy as np

    from f5_pipeline.engine.protocol import frames_of
    from f5_pipeline.models.word_timing import read_word_timing
    from training import judges
    from training.measures import ONSET_SECONDS
    from training.stages import TrainingRun

    monkeypatch.chdir(ROOT)  # the recipe starts from the shipped model
    monkeypatch.setattr(judges, "transcriber", lambda: ("fake", lambda _, text: ["two", *text.strip(".?!").split()]))
    monkeypatch.setattr(judges, "dnsmos", lambda: None)
    folder, recipe = tmp_path / "work", load("toy_timed")
    TrainingRun(recipe, folder, 1).run("card")
    times = [(folder / name).stat().st_mtime_ns for name in ("lines.txt", "spacing.json", "phonemes.json", "reader.pt")]
    assert times == sorted(times)
    lines, table = (folder / "lines.txt").read_text().splitlines(), read_word_timing("stub", folder / "spacing.json")
    assert sum(". " in line for line in lines) == 16  # pairs of sentences
    errors: list[float] = []
    for shard in (folder / "speech").iterdir():
        stored = np.load(shard)
        assert len(stored["audio"])
        words = np.split(stored["words"], np.cumsum(stored["word_count"])[:-1])
        for line, length, timed in zip(stored["line"], stored["length"], words, strict=True):
            padded = table.padded(lines[line], round(length / table.frames_per_token))
            starts = [at for at in range(1, len(padded)) if padded[at - 1] == " " != padded[at]]
            frames = dict(zip([at + 1 for at, c in enumerate(lines[line]) if c == " "], starts, strict=True))
            errors += [frames[at] * length / len(padded) - frame for at, frame in timed[1:].tolist()]
    assert np.mean(np.abs(errors) <= frames_of(ONSET_SECONDS)) > 0.95
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["teacher"] == "stub"
    assert metrics["teacher_figures"]["teacher_word_error_rate"] > 0
    assert "pitch_followed" not in metrics["steps"]["1"]  # it cannot change its pitch
    card = (folder / "model" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "a stub that plays a tone" in card
    assert "espeak" not in card
    shipped, voices = ROOT / "f5_pipeline" / "demo", folder / "model" / "voices"
    assert sorted(path.name for path in voices.glob("*.wav")) == ["high.wav", "low.wav"]
    assert (folder / "model" / "vocab.txt").read_bytes() == (shipped / "vocab.txt").read_bytes()


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_the_shipped_recipes_are_valid(recipe: str) -> None:
    read = load(recipe)
    assert any(speaker.reference for speaker in read.speakers.values())
    untils = [until for until, _ in read.acoustic.lengths]
    assert untils == sorted(untils)
    assert untils[-1] == 1.0


def test_the_learning_rate_follows_the_progress() -> None:
    settings = Acoustic(frames=100, decay_from=0.5, lengths=((1.0, (128,)),))
    assert acoustic.rate_at(settings, 0, 0.0) < 0.01 * settings.rate
    assert acoustic.rate_at(settings, 5000, 0.4) == settings.rate
    assert acoustic.rate_at(settings, 5000, 0.75) == pytest.approx(settings.rate / 2)
    assert acoustic.rate_at(settings, 5000, 1.0) == pytest.approx(0.02 * settings.rate)
