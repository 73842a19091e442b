"""The synthesizers whose speech the model learns: espeak-ng, flite, and neural ones that can be told a rhythm."""

from __future__ import annotations

from ctypes.util import find_library
from pathlib import Path
from shutil import which

from f5_pipeline.models.word_timing import read_word_timing
from training.recipe import TeacherName
from training.teachers import kokoro, stub
from training.teachers.espeak import EspeakTeacher
from training.teachers.flite import FliteTeacher
from training.teachers.protocol import Teacher
from training.teachers.timed import TimedTeacher


def teacher_of(name: TeacherName, spacing: Path | None = None) -> Teacher:
    """A recipe's teacher. ``spacing``: the table of word durations to speak in, if the teacher can; None: its own."""
    if is_timed(name):
        return timed_teacher(name, spacing)
    return EspeakTeacher() if name == "espeak" else FliteTeacher()


def timed_teacher(name: TeacherName, spacing: Path | None = None) -> TimedTeacher:
    """As ``teacher_of``.

    Raises:
        ValueError: the teacher does not tell durations before it sounds.
    """
    if not is_timed(name):
        raise ValueError(f"the teacher {name!r} cannot be told another rhythm")
    synthesizer_of = kokoro.synthesizer if name == "kokoro" else stub.synthesizer
    return TimedTeacher(synthesizer_of, read_word_timing(name, spacing) if spacing else None)


def is_timed(name: TeacherName) -> bool:
    """True if the teacher tells durations before it sounds: its table of word durations comes first, then speech."""
    return name in ("kokoro", "stub")


def missing(name: TeacherName) -> list[str]:
    """What a teacher needs and this machine lacks, by the names to install."""
    if name == "espeak":
        return [] if find_library("espeak-ng") else ["Debian's espeak-ng"]
    if name == "cmu":
        return [] if which("flite") else ["Debian's flite"]
    return kokoro.missing() if name == "kokoro" else []
