"""Speech of the demo model in its voices, for the quality benchmarks. Needs torch and f5-tts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.word_spacing import with_word_spacing
from f5_pipeline.manifests.utterance import Utterance
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.spec import Sampling
from f5_pipeline.models.weights import ReadyModel, ensure_weights
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.prepare import prepare_requests
from f5_pipeline.synthesis.request import SynthesisRequest

VOICES = ("m3", "m1", "f2", "f5")
ALL_VOICES = (*VOICES, "f3", "m4")
SUBJECTS = ("the captain", "my neighbor", "a young doctor", "the old museum", "nobody in town", "our small team", "she")
VERBS = ("remembered", "opened", "forgot", "painted", "carried home", "asked for", "slowly repaired", "could not find")
OBJECTS = (
    "the green bicycle.",
    "a letter from the harbor.",
    "seven wooden tables, and then went to sleep.",
    "the lamp in the window?",
)
SHORT = (
    "no.",
    "yes, of course.",
    "good morning.",
    "thank you for listening!",
    "one, two, three, four, five, six, seven.",
)

Samples = np.ndarray


@dataclass(frozen=True)
class Clip:
    samples: Samples
    text: str
    seconds: float  # expected
    voice: str


def texts(count: int, random: np.random.Generator) -> list[str]:
    """``count`` short texts: some fixed ones, then sentences in random order."""
    sentences = [f"{s} {v} {o}" for o in OBJECTS for v in VERBS for s in SUBJECTS]
    random.shuffle(sentences)
    return [*SHORT, *sentences][:count]


def transcript(voice: str) -> str:
    """The transcript of a voice's recording."""
    return shipped(voice, "txt").decode().strip()


def speak(lines: Sequence[tuple[str, str]]) -> list[Clip]:
    """Clips of (text, voice) lines, spoken as in a batch."""
    model, requests = prepare(lines)
    chunks = [request.chunks()[0] for request in requests]
    clips: dict[int, Clip] = {}
    for spoken in with_word_spacing(F5Engine(model.spec, model.files), model.word_timing).speak(chunks):
        assert spoken.samples is not None, spoken.error
        text, voice = lines[spoken.index]
        seconds = requests[spoken.index].expected_seconds
        clips[spoken.index] = Clip(np.clip(spoken.samples, -1, 1), text, seconds, voice)
    return [clips[index] for index in range(len(lines))]


def prepare(lines: Sequence[tuple[str, str]]) -> tuple[ReadyModel, list[SynthesisRequest]]:
    """The demo model, and the requests of (text, voice) lines."""
    settings = Settings()
    spec = load_catalogue(settings)["demo"]
    model = ReadyModel(spec, ensure_weights(spec, settings.cache, None))
    utterances = [_utterance(index, text, voice) for index, (text, voice) in enumerate(lines)]
    with TemporaryDirectory() as folder:
        store = LocalStore(Path(folder))
        for voice, kind in product(ALL_VOICES, ("wav", "txt")):
            store.write(f"voices/{voice}.{kind}", shipped(voice, kind))
        requests, rejected = prepare_requests(utterances, {"demo": model}, store, settings.cache)
    assert not rejected, rejected
    return model, list(requests)


def shipped(voice: str, kind: str) -> bytes:
    """A file of an embedded voice: ``wav`` or ``txt``."""
    return (files("f5_pipeline.demo") / "voices" / f"{voice}.{kind}").read_bytes()


def _utterance(index: int, text: str, voice: str) -> Utterance:
    sampling = Sampling(7, 1.0, -1.0, 1.0, 0.15)
    return Utterance(str(index), index + 1, text, text, voice, "demo", "en", sampling, seed=index)
