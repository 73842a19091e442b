"""Settings files: keys, ranges, defaults, and the messages for invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.errors import BadSetting, UnsafeName
from f5_pipeline.manifests.batch_settings import BatchSettings, read_batch_settings
from f5_pipeline.manifests.columns import ALIASES, COLUMNS
from f5_pipeline.settings.toml import parse_settings
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.voices.settings import VoiceSettings

CONTRACT = """
    voice language model preset nfe_step solver cfg_strength sway_sampling_coef speed cross_fade_duration seed
    max_attempts takes recogniser quality columns txt_rows markup directions on_bad_rows unsayable
    commercial format codec sample_rate channels bit_depth bitrate_kbps loudness_lufs
    true_peak_db trim_silence
    fade_seconds join_sections fit pause_seconds subtitles audiobook title author chapter_pause_seconds section_titles
"""


def parse(text: str) -> BatchSettings:
    return parse_settings(BatchSettings, text.encode(), "x.toml")


def test_the_keys_are_those_of_the_contract_and_have_descriptions() -> None:
    assert list(BatchSettings.model_fields) == CONTRACT.split()
    for fields in (BatchSettings.model_fields, VoiceSettings.model_fields):
        assert all(field.description for field in fields.values())
    assert parse("") == BatchSettings()


def test_every_key_can_be_set() -> None:
    settings = parse(
        'voice = "anna"\nlanguage = "pt-BR"\nmodel = "demo"\npreset = "best"\nnfe_step = 12\ncfg_strength = 1\n'
        'solver = "ab2"\n'
        "sway_sampling_coef = -1.0\nspeed = 0.9\ncross_fade_duration = 0.1\nseed = 0\nmax_attempts = 2\ntakes = 2\n"
        'txt_rows = "line"\ncodec = "pcm"\n'
        'markup = "ssml"\ndirections = "speak"\n'
        'on_bad_rows = "fail"\nunsayable = "drop"\n'
        'commercial = true\nformat = "flac"\nsample_rate = 44100\nloudness_lufs = -16\n'
        'true_peak_db = -2\njoin_sections = true\nfit = "pad"\npause_seconds = 0\nsubtitles = "both"\n'
        "channels = 2\nbit_depth = 24\nbitrate_kbps = 64\ntrim_silence = 0.5\nfade_seconds = 0.01\naudiobook = true\n"
        'title = "T"\nauthor = "A"\nchapter_pause_seconds = 1\nrecogniser = "none"\n[section_titles]\na = "I"\n'
        "[quality]\nmax_end_db = -6\n[columns]\ntext = 'Dialogue'\n"
    )
    assert settings.model_fields_set == set(CONTRACT.split())
    assert (settings.cfg_strength, settings.seed, settings.loudness_lufs) == (1.0, 0, -16.0)


def test_channels_accepts_mono_and_stereo() -> None:
    assert (parse("channels = 'stereo'").channels, parse("channels = 'mono'").channels) == (2, 1)


def test_with_a_lossless_format_the_bit_rate_is_that_of_the_audiobook() -> None:
    settings = parse("audiobook = true\nformat = 'flac'\nbitrate_kbps = 96")
    assert settings.encoding.bitrate_kbps is None
    assert settings.book_encoding is not None
    assert settings.book_encoding.bitrate_kbps == 96


@pytest.mark.parametrize("off", ['"none"', "false"])
def test_numbers_that_can_be_switched_off(off: str) -> None:
    assert parse(f"loudness_lufs = {off}").loudness_lufs is None
    assert parse(f"sway_sampling_coef = {off}").sway_sampling_coef == 0.0
    assert BatchSettings().sway_sampling_coef is None  # not set: the model's own


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nfe_step = 500", "setting 'nfe_step': must be at most 128 (it is '500')"),
        ("nfe_step = 7.5", "'nfe_step': must be a whole number"),
        ("nfe_step = 'x'", "'nfe_step': must be a number (it is 'x')"),
        ("seed = true", "'seed': must be a number"),
        ("seed = -1", "'seed': must be at least 0"),
        ("seed = 99999999999999999999", "'seed': must be at most 9223372036854775807"),
        ("speed = nan", "'speed': must be"),
        ("speed = inf", "'speed': must be"),
        ("cfg_strength = nan", "'cfg_strength': must be"),
        ("speed = [1]", "'speed': must be a number"),
        ("channels = 3", "'channels': must be one of 1 or 2 (it is '3')"),
        ("bit_depth = 20", "'bit_depth': must be one of 16, 24 or 32"),
        ("trim_silence = 'yes'", "'trim_silence': must be a number"),
        ("trim_silence = 11", "'trim_silence': must be at most 10"),
        ("format = 'm4b'", "set audiobook = true"),
        ("format = 'opus'\nsample_rate = 44100", "'format': Format 'opus' cannot have a sample_rate of 44100 Hz."),
        ("format = 'mp3'\nbit_depth = 24", "Leave bit_depth out"),
        ("audiobook = true\nsample_rate = 50000", "Format 'm4b' cannot have"),
        ("title = ''", "'title': must not be empty"),
        ("[section_titles]\n'a/b' = 'x'", "'section_titles' is not a safe name"),
        ("speed = 0", "'speed': must be at least 0.3 (it is '0')"),
        ("solver = 'heun'", "'solver': must be one of 'euler' or 'ab2' (it is 'heun')"),
        ("preset = 'bset'", "'preset': must be one of 'best', 'balanced' or 'fast' (it is 'bset')"),
        ("format = 'aac'", "'format': must be one of 'wav', 'flac', 'mp3'"),
        ("commercial = 'perhaps'", "'commercial': must be true or false"),
        ("language = 'English please'", "'language': must be a language code such as 'en'"),
        ("voice = '../anna'", "'voice' is not a safe name (it is '../anna')"),
        ("voice = 3", "'voice': must be text"),
        ("loudness_lufs = 'loud'", "'loudness_lufs': must be a number"),
        ("max_attempts = 0", "'max_attempts': must be at least 1"),
        ("speeed = 1", "setting 'speeed' is not a setting. Did you mean 'speed'? Known settings: voice, language"),
        ("[voice_settings]\na = 1", "setting 'voice_settings' is not a setting."),
        ("speed = 0\nseed = 'x'\nlanguage = 'e'", "(it is '0'). Setting 'seed': must be a number (it is 'x')."),
        ("a =", "x.toml: the file is not TOML"),
        (
            "seed = 1\nformat = flac",
            "(at line 2, column 10): format = flac. Write NAME = VALUE, a line each",
        ),
        ("x = " + "[" * 5_000, "x.toml: the file is not TOML"),
    ],
)
def test_an_invalid_setting_is_reported_with_file_key_and_reason(text: str, message: str) -> None:
    with pytest.raises(BadSetting) as error:
        parse(text)
    assert message in str(error.value)
    assert str(error.value).startswith("x.toml")
    assert "\n" not in str(error.value).strip() or "TOML" in message


def test_a_settings_file_must_be_utf_8() -> None:
    with pytest.raises(BadSetting, match="not UTF-8"):
        parse_settings(BatchSettings, "voice = 'Jürgen'".encode("latin-1"), "x.toml")
    assert parse_settings(BatchSettings, b"\xef\xbb\xbfspeed = 1.5", "x.toml").speed == 1.5


def test_settings_are_read_from_the_sidecar_file(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    assert read_batch_settings(store, "tales") == BatchSettings()
    store.write("manifests/tales.toml", b"nfe_step = 16")
    assert read_batch_settings(store, "tales").nfe_step == 16
    store.write("manifests/tales.toml", b"nfe_steps = 16")
    with pytest.raises(BadSetting, match=r"manifests/tales\.toml, setting 'nfe_steps'.*Did you mean 'nfe_step'"):
        read_batch_settings(store, "tales")
    with pytest.raises(UnsafeName):
        read_batch_settings(store, "../tales")


def test_voice_settings() -> None:
    assert parse_settings(VoiceSettings, b"speed = 1.1\nlanguage = 'de'", "v.toml") == VoiceSettings(
        language="de", speed=1.1
    )
    with pytest.raises(BadSetting, match="Known settings: language, speed, model"):
        parse_settings(VoiceSettings, b"voice = 'x'", "v.toml")


def test_the_documentation_names_every_column_and_voice_setting() -> None:
    docs = Path(__file__).parents[2] / "docs"
    manifests, voices = ((docs / name).read_text(encoding="utf-8") for name in ("manifests.md", "voices.md"))
    assert [name for name in COLUMNS if f"| `{name}` |" not in manifests] == []
    assert [name for names in ALIASES.values() for name in names if f"`{name}`" not in manifests] == []
    assert [name for name in VoiceSettings.model_fields if f"| `{name}` |" not in voices] == []
