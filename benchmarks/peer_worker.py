"""Speaks lines with another F5-TTS engine; ``peers.py`` runs this under the Python in which that engine is installed.

    python benchmarks/peer_worker.py DISTRIBUTION MODEL THREADS

Each line of standard input is a JSON object: ``text``, ``ref_audio`` (WAV, 24 kHz, mono, 16 bit), ``ref_text``,
``steps`` and ``cfg``. Answers each with the audio's seconds and the CPU seconds of this process so far; the first line
of the output, before any input, has the version. With ``noise`` (a safetensors file of one tensor ``noise.0``, float32,
(frames, 100)) the engine starts from this noise, and its samples go to the file ``samples``, float32.

Imports nothing of this project.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
import wave
from array import array
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

Request = dict[str, Any]
Spoken = tuple[bytes, int]  # float32 samples, rate


def vox_tts(model: str, threads: int) -> Callable[[Request], Spoken]:
    import vox

    engine = vox.Engine(model, resources=vox.Resources(device="cpu", threads=threads, max_sessions=1))
    voices: dict[str, Any] = {}

    def speak(line: Request) -> Spoken:
        reference = line["ref_audio"]
        if reference not in voices:
            voices[reference] = engine.clone_voice(reference, line["ref_text"])
        samples = engine.synthesize(
            line["text"], voices[reference], nfe_step=line["steps"], cfg_strength=line["cfg"], seed=1,
            extra={"noise_file": line["noise"]} if "noise" in line else None,
        )  # fmt: skip
        return samples.tobytes(), engine.sample_rate

    return speak


class _Params(ctypes.Structure):
    """``f5_tts_params`` of CrispASR's ``f5_tts.h``."""

    _fields_ = (
        ("n_threads", ctypes.c_int),
        ("verbosity", ctypes.c_int),
        ("use_gpu", ctypes.c_bool),
        ("seed", ctypes.c_int),
        ("ode_steps", ctypes.c_int),
        ("cfg_strength", ctypes.c_float),
        ("sway_coef", ctypes.c_float),
        ("speed", ctypes.c_float),
    )


def crispasr(model: str, threads: int) -> Callable[[Request], Spoken]:
    """The C functions of ``f5_tts.h``: the Python class offers no number of steps for F5-TTS."""
    # Upstream's duration rule, and the whole reference, as the other engines have it.
    os.environ |= {f"CRISPASR_F5_{name}": "0" for name in ("REF_TRIM_SILENCE", "DURATION_CLAMP")}
    os.environ["CRISPASR_F5_TEXT_LEN_BYTES"] = "1"
    # Off by default. On a CPU, too, it takes the input embedding from plain loops to ggml: a third less in all.
    os.environ.setdefault("CRISPASR_F5_EMBED_GPU", "1")
    import crispasr as package

    library = ctypes.CDLL(str(Path(package.__file__).parent / "libcrispasr.so"))
    library.f5_tts_default_params.restype = _Params
    library.f5_tts_init_from_file.restype = ctypes.c_void_p
    library.f5_tts_init_from_file.argtypes = (ctypes.c_char_p, _Params)
    library.f5_tts_set_ode_steps.argtypes = (ctypes.c_void_p, ctypes.c_int)
    library.f5_tts_set_cfg_strength.argtypes = (ctypes.c_void_p, ctypes.c_float)
    library.f5_tts_set_reference.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)
    library.f5_tts_synthesize.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p)
    library.f5_tts_set_speed.argtypes = (ctypes.c_void_p, ctypes.c_float)
    set_noise = library._Z21f5_tts_set_init_noiseP14f5_tts_contextPKfi  # C++, in the source but not in the header
    set_noise.argtypes, set_noise.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int), None
    free = ctypes.CDLL(None).free
    free.argtypes, free.restype = (ctypes.c_void_p,), None
    params = library.f5_tts_default_params()
    params.n_threads, params.seed = threads, 1
    context = library.f5_tts_init_from_file(model.encode(), params)
    if not context:
        raise RuntimeError(f"{model}: f5_tts_init_from_file failed")

    def speak(line: Request) -> Spoken:
        samples = _samples(line["ref_audio"])
        library.f5_tts_set_ode_steps(context, line["steps"])
        library.f5_tts_set_cfg_strength(context, line["cfg"])
        library.f5_tts_set_reference(context, samples, len(samples), line["ref_text"].encode())
        library.f5_tts_set_speed(context, 1.0)
        if "noise" in line:
            noise = _tensor(line["noise"])
            set_noise(context, noise, len(noise))
            frames = len(samples) // 256 + 1  # of the reference: one more than in upstream's rule
            wanted = len(noise) // 100 - frames + 0.5
            library.f5_tts_set_speed(
                context, frames / len(line["ref_text"].encode()) * len(line["text"].encode()) / wanted
            )
        spoken, rate = ctypes.c_void_p(), ctypes.c_int()
        count = library.f5_tts_synthesize(context, line["text"].encode(), ctypes.byref(spoken), ctypes.byref(rate))
        if count <= 0:
            raise RuntimeError("f5_tts_synthesize returned no samples")
        waveform = ctypes.string_at(spoken, 4 * count)
        free(spoken)
        return waveform, rate.value

    return speak


def _samples(path: str) -> ctypes.Array[ctypes.c_float]:
    with wave.open(path) as file:
        integers = array("h", file.readframes(file.getnframes()))
    return (ctypes.c_float * len(integers))(*(sample / 32768 for sample in integers))


def _tensor(path: str) -> ctypes.Array[ctypes.c_float]:
    """The only tensor of a safetensors file."""
    content = Path(path).read_bytes()
    data = content[8 + int.from_bytes(content[:8], "little") :]
    return (ctypes.c_float * (len(data) // 4)).from_buffer_copy(data)


ENGINES = {"vox-tts": vox_tts, "crispasr": crispasr}


def main() -> None:
    distribution, model, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the libraries print goes to standard error
    speak = ENGINES[distribution](model, int(threads))
    print(json.dumps({"version": version(distribution)}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        samples, rate = speak(request)
        answer = {"seconds": len(samples) / 4 / rate, "cpu": time.process_time()}
        if "noise" in request:
            Path(request["samples"]).write_bytes(samples)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
