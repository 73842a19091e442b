"""Every parser of what a user writes, on random input: a result or an error of ours, in bounded time.

A few hundred inputs in the normal run; ``pytest -m fuzz`` takes many thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from f5_pipeline.environment.platform import PlatformTags
from f5_pipeline.environment.wheels import choose_wheel
from f5_pipeline.errors import BadSetting, F5PipelineError
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.dictionary import parse_dictionary
from f5_pipeline.manifests.rows import read_rows
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.source import parse_source
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.text.cues import split_cues
from f5_pipeline.text.tag_syntax import BadTag
from f5_pipeline.text.tags import split_at_tags
from f5_pipeline.voices.settings import VoiceSettings
from f5_pipeline.voices.transcript import read_transcript

MACHINE = PlatformTags("cp311", "linux", "x86_64", "2.35", "2.7.1+cu126", "12.6", True, "A100", (8, 0))

#: Fragments that mean something to a parser; random bytes alone rarely do.
FRAGMENTS = [
    *(
        "id,text,voice\n",
        "word,say\n",
        "text\n",
        "a,b,c\n",
        '"',
        '""',
        ",",
        ";",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\x00",
        "\ufeff",
    ),
    *('{"text": "a"}\n', "{", "}", "[", "]", "[[", "]]", ":", "null", "1e999", "NaN", '{"a":' * 50, "[" * 3000),
    *(
        "[pause 1s]",
        "[voice: x]",
        "[pause",
        "[pause 9999999999s]",
        "<speak>",
        "</speak>",
        "<break time='1s'/>",
        "&lt;",
        "&",
    ),
    *("WEBVTT\n\n", "1\n", "00:00:01,000 --> 00:00:02,000\n", "99:99:99.999 --> ", "-->", "Name: "),
    *("seed = ", "speed = ", "1" * 5000, "0x" + "f" * 5000, "a." * 200 + "a = 1", "1979-13-45", "'''", '"""', "# "),
    *(
        "[mine]\n",
        'base = "demo"\n',
        "checkpoint = ",
        "{source = ",
        "hf://a/b/c",
        "hf://../x",
        "http://[",
        "s3://",
        "https://",
    ),
    *("flash_attn-2.8.3+cu12torch2.7cxx11abiTRUE-cp311-cp311-linux_x86_64.whl", "#sha256=", "#", "?", "%2B", "/", ".."),
    *(
        "F5_SEED=1\n",
        "F5_DEVICE=",
        "export ",
        "${A}",
        "$",
        "\\",
        "'",
        "é",
        "漢",
        "\u202e",
        "\ud7ff",
        "𝔘",
        "# Title\n",
        "| a | b |\n",
    ),
]
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=20)), max_size=30).map("".join)
BYTES = st.one_of(TEXTS.map(str.encode), st.binary(max_size=500), TEXTS.map(lambda text: text.encode("utf-16")))


def rows(format: str) -> Callable[[bytes], object]:
    return lambda data: list(read_rows(data, format, "manifest", max_rows=1000))


def catalogue(data: bytes, folder: Path) -> None:
    (folder / "models.toml").write_bytes(data)
    load_catalogue(Settings(models=folder / "models.toml"))


def environment_file(data: bytes, folder: Path) -> None:
    (folder / ".env").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("os.environ", {})
        load_settings()


Parser = Callable[[bytes], object]
PARSERS: dict[str, tuple[Parser, tuple[type[Exception], ...]]] = {
    **{
        format: (rows(format), (F5PipelineError,))
        for format in ("csv", "tsv", "xlsx", "json", "jsonl", "parquet", "txt", "md", "srt", "vtt")
    },
    "batch settings": (lambda data: parse_settings(BatchSettings, data, "b.toml"), (BadSetting,)),
    "voice settings": (lambda data: parse_settings(VoiceSettings, data, "v.toml"), (BadSetting,)),
    "dictionary": (lambda data: parse_dictionary(data, "words"), (F5PipelineError,)),
    **{
        f"transcript {format}": (lambda data, format=format: read_transcript(data, format), (ValueError,))  # type: ignore[misc]
        for format in ("txt", "srt", "vtt")
    },
    "cues": (lambda data: split_cues(data.decode("utf-8", "replace")), ()),
    "tags": (lambda data: split_at_tags(data.decode("utf-8", "replace")), (BadTag,)),
    "source": (lambda data: parse_source(data.decode("utf-8", "replace")), (ValueError,)),
    "wheel": (lambda data: choose_wheel(MACHINE, pin=data.decode("utf-8", "replace") or None), ()),
}  # fmt: skip
QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
LENGTHS = [
    pytest.param(QUICK, id="quick"),
    pytest.param(LONG, id="long", marks=[pytest.mark.fuzz, pytest.mark.timeout(3600)]),
]


def check(parse: Parser, expected: tuple[type[Exception], ...], length: settings) -> None:
    @length
    @given(BYTES)
    def never_another_error(data: bytes) -> None:
        with suppress(*expected):
            parse(data)

    never_another_error()


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_raises_only_errors_of_ours(name: str, length: settings) -> None:
    check(*PARSERS[name], length)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("parse", [catalogue, environment_file])
def test_a_file_raises_only_errors_of_ours(
    parse: Callable[[bytes, Path], object], length: settings, tmp_path: Path
) -> None:
    check(lambda data: parse(data, tmp_path), (F5PipelineError,), length)


# A settings file that is not acceptable, and why.
FILES = [
    (b"seed = " + b"1" * 5000, "a number or date is impossible"),
    (b"seed = 0x" + b"f" * 5000, "a number of thousands of digits"),
    (b"speed = " + b"[" * 5000, "nested too deeply"),
    (b"a." * 50_000 + b"a = 1", "a key has more than 100 parts"),
    (b"[" + b"a." * 50_000 + b"a]", "a key has more than 100 parts"),
    (b"x = {" + b"'a' . " * 20_000 + b"a = 1}", "a key has more than 100 parts"),
    (b"#" * 300_000, "larger than 256 KiB"),
]


@pytest.mark.parametrize(("data", "reason"), FILES)
@pytest.mark.timeout(20)
def test_a_settings_file_that_would_take_for_ever(data: bytes, reason: str) -> None:
    with pytest.raises(BadSetting, match=reason):
        parse_settings(BatchSettings, data, "b.toml")
