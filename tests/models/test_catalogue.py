"""The catalogue: the shipped models, the user's own entries, and invalid entries."""

from __future__ import annotations

import ast
import inspect
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.errors import BadSetting
from f5_pipeline.models.catalogue import load_catalogue
from f5_pipeline.models.entry import _ENGINE_SETS, Backbone
from f5_pipeline.models.source import parse_source
from f5_pipeline.models.spec import ModelSpec, Sampling, SourceFile
from f5_pipeline.settings.environment import Settings

OWN = """
[mine]
base = "F5TTS_v1_Base"
languages = ["en"]
checkpoint = "weights/mine.safetensors"
"""


def load(tmp_path: Path, text: str) -> dict[str, ModelSpec]:
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    return load_catalogue(Settings(models=path))


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(BadSetting) as caught:
        load(tmp_path, text)
    return str(caught.value)


def test_the_shipped_models() -> None:
    catalogue = load_catalogue(Settings())
    demo = catalogue["demo"]
    assert (demo.max_seconds, demo.lower_case, demo.commercial, demo.licence) == (17.0, True, True, "MIT")
    assert demo.default_sampling == Sampling(7, 1.5, -1.0, 1.0, 0.15)
    assert all(file.sha256 and file.size for file in demo.files.values())
    assert {"F5TTS_v1_Base", "F5TTS_Base"} < set(catalogue)
    assert catalogue["F5TTS_v1_Base"].checkpoint.sha256 == (
        "670900fd14e6c458b95da6e9ed317cdb20dbaf7a1c02ac06a05475a9d32b6a38"
    )
    assert not catalogue["F5TTS_v1_Base"].commercial
    assert catalogue["F5TTS_lv"].commercial  # CC0
    assert catalogue["F5TTS_Small_hi"].commercial  # CC-BY


@pytest.mark.parametrize("name", ["F5TTS_v1_Base", "F5TTS_Base"])
def test_architectures_are_upstreams_own(name: str) -> None:
    """The catalogue restates them because reading upstream's files needs a library that this package does not use."""
    from f5_tts import configs  # a namespace package of data files

    theirs = yaml.safe_load(Path(next(iter(configs.__path__)), f"{name}.yaml").read_text())["model"]
    spec = load_catalogue(Settings())[name]
    arch = {key: value for key, value in theirs["arch"].items() if key not in _ENGINE_SETS}
    assert Backbone.model_validate(dict(spec.arch)) == Backbone.model_validate(arch)
    assert (spec.backbone, spec.tokenizer) == (theirs["backbone"], theirs["tokenizer"])


def upstreams_list() -> dict[str, tuple[str, str, dict[str, Any], str]]:
    """By checkpoint, the models listed in f5_tts's SHARED.md: checkpoint, vocabulary, architecture, licence."""
    text = files("f5_tts").joinpath("infer/SHARED.md").read_text(encoding="utf-8")
    card = re.compile(r"\|([\w.-]+)\|\n\n```bash\nModel: (\S+)\n(?:#.*\n)?Vocab: (\S+)\nConfig: (\{.*\})")
    cards = (match.groups() for match in card.finditer(text))
    return {model: (model, vocabulary, ast.literal_eval(arch), licence) for licence, model, vocabulary, arch in cards}


def test_fine_tunes_are_as_upstream_lists_them() -> None:
    """Addresses, architectures and licences; except for models listed without an address (Arabic, Spanish)."""
    listed, seen = upstreams_list(), set()
    for name, spec in load_catalogue(Settings()).items():
        source = re.sub("@[^/]+", "", spec.checkpoint.source)
        if name in ("demo", "F5TTS_es"):
            continue
        seen.add(source)
        _, vocabulary, arch, licence = listed[source]
        assert Backbone.model_validate(dict(spec.arch)) == Backbone.model_validate(arch)
        assert spec.licence.lower() == licence
        assert spec.commercial is not licence.startswith("cc-by-nc")
        if not name.endswith("_Base"):  # these use the vocabulary packaged with f5_tts
            assert re.sub("@[^/]+", "", spec.vocabulary.source) == vocabulary
    assert seen == set(listed)


def test_a_fine_tune_of_the_official_weights_is_not_commercial() -> None:
    assert not load_catalogue(Settings())["F5TTS_es"].commercial


def test_hub_files_are_pinned_by_revision_and_sha256_or_listed_as_unpinned() -> None:
    for spec in load_catalogue(Settings()).values():
        for file in spec.files.values():
            if (source := parse_source(file.source)).kind == "hf":
                assert (source.revision == "main") is (file.sha256 is None and source.place in _UNPINNED), source
                assert source.revision == "main" or re.fullmatch("[0-9a-f]{40}", source.revision)


_UNPINNED = {
    "AsmoKoskinen/F5-TTS_Finnish_Model",
    "RASPIAUDIO/F5-French-MixedSpeakers-reduced",
    "hvoss-techfak/F5-TTS-German",
    "Jmica/F5TTS",
    "RaivisDejus/F5-TTS-Latvian",
    "hotstone228/F5-TTS-Russian",
    "SPRINGLab/F5-Hindi-24KHz",
}


def test_the_arguments_of_the_backbone_are_upstreams() -> None:
    prepare_imports()
    from f5_tts.model import DiT

    parameters = inspect.signature(DiT.__init__).parameters
    theirs = {name: each.default for name, each in parameters.items() if name not in {"self", *_ENGINE_SETS}}
    ours = {name: field.default for name, field in Backbone.model_fields.items()}
    assert set(ours) == set(theirs)
    assert {name: default for name, default in theirs.items() if name != "dim"} == {
        name: default for name, default in ours.items() if name != "dim"
    }


def test_a_users_model(tmp_path: Path) -> None:
    mine = load(tmp_path, OWN)["mine"]
    assert mine.checkpoint.source == str(tmp_path / "weights" / "mine.safetensors")
    assert mine.vocoder_weights.source.startswith("hf://charactr/")
    assert (mine.licence, mine.commercial) == ("CC-BY-NC-4.0", False)


def test_sampling_is_merged_over_the_base(tmp_path: Path) -> None:
    text = OWN.replace("F5TTS_v1_Base", "demo") + "default_sampling = {nfe_step = 16}\n"
    text += '[two]\nbase = "mine"\n[three]\nbase = "two"\ndefault_sampling = {speed = 2}\n'
    catalogue = load(tmp_path, text)
    assert catalogue["mine"].default_sampling == catalogue["two"].default_sampling == Sampling(16, 1.5, -1.0, 1.0, 0.15)
    assert catalogue["three"].default_sampling == Sampling(16, 1.5, -1.0, 2.0, 0.15)


def test_a_users_model_as_base(tmp_path: Path) -> None:
    catalogue = load(tmp_path, OWN + '[two]\nbase = "mine"\nlower_case = true\n')
    assert catalogue["two"].checkpoint == catalogue["mine"].checkpoint
    assert catalogue["two"].lower_case


def test_spacing_is_inherited_only_with_the_checkpoint(tmp_path: Path) -> None:
    """Other weights were not trained with the table."""
    mine = '[mine]\nbase = "demo"\ncheckpoint = "mine.safetensors"\nspacing = "mine.json"\n'
    others = '[two]\nbase = "mine"\n[three]\nbase = "mine"\ncheckpoint = "three.safetensors"\n'
    catalogue = load(tmp_path, mine + others)
    assert catalogue["mine"].spacing == catalogue["two"].spacing == SourceFile(str(tmp_path / "mine.json"))
    assert catalogue["three"].spacing is None
    assert "spacing" not in catalogue["three"].files


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (OWN + "speed = 2\n", "'mine.speed'"),
        (OWN + 'spacing = "spacing.json"\n', "spacing is for models with tokenizer"),
        ('[mine]\nbase = "demo"\ntokenizer = "pinyin"\nspacing = "s.json"\n', "spacing is for models with tokenizer"),
        (OWN + 'arch = {dim = 1024, widht = 3}\n', "'mine.arch.widht'"),
        (OWN + 'arch = {dim = 1024, attn_backend = "flash_attn"}\n', "attn_backend is set by the engine"),
        (OWN + "arch = {depth = 22}\n", "'mine.arch.dim'"),
        (OWN + "arch = {dim = 100}\n", "multiple of 16"),
        (OWN + "arch = {dim = 64, dim_head = 7}\n", "dim_head must be even"),
        (OWN + "arch = {dim = 64, heads = 2, pe_attn_head = 3}\n", "pe_attn_head"),
        (OWN + "arch = {dim = 64, text_mask_padding = false, text_embedding_average_upsampling = true}\n", "needs"),
        (OWN + 'backbone = "UNetT"\n', "'mine.backbone'"),
        (OWN + "arch = {dim = 64, depth = 1000000000}\n", "'mine.arch.depth'"),
        (OWN + "ref_silence_seconds = inf\n", "'mine.ref_silence_seconds'"),
        (OWN + "max_ref_seconds = nan\n", "'mine.max_ref_seconds'"),
        (OWN + "default_sampling = {cfg_strength = inf}\n", "'mine.default_sampling.cfg_strength'"),
        (OWN + 'vocabulary = "package:f5_tts.none.such/vocab.txt"\n', "package:PACKAGE/PATH"),
        (OWN.replace('"F5TTS_v1_Base"', '["F5TTS_v1_Base"]'), "'mine.base'"),
        (OWN + 'default_sampling = 7\n[two]\nbase = "mine"\ndefault_sampling = {speed = 2}\n', "default_sampling'"),
        ('["a\\nb"]\n', "not a valid model name"),
        (OWN + 'tokenizer = "byte"\n', "'mine.tokenizer'"),
        (OWN + "commercial = true\n", "CC-BY-NC-4.0"),
        (OWN + 'licence = "My-Own-1.0"\n', "commercial must be given"),
        (OWN + "max_seconds = 10\n", "max_ref_seconds"),
        (OWN + "max_seconds = 100\n", "'mine.max_seconds'"),
        (OWN.replace('["en"]', "[]"), "'mine.languages'"),
        (OWN + "default_sampling = {nfe_step = 0}\n", "'mine.default_sampling.nfe_step'"),
        (OWN + "default_sampling = {solver = 'heun'}\n", "'mine.default_sampling.solver'"),
        (OWN + "default_sampling = {nfe_steps = 7}\n", "'mine.default_sampling.nfe_steps'"),
        (OWN + "default_sampling = 7\n", "'mine.default_sampling'"),
        (OWN + 'vocabulary = {source = "v.txt", sha256 = "abc"}\n', "'mine.vocabulary.sha256'"),
        (OWN + 'vocabulary = {source = "v.txt", sha = "abc"}\n', "'mine.vocabulary.sha'"),
        (OWN + 'vocabulary = "http://host/vocab.txt"\n', "sha256"),
        (OWN + 'vocabulary = "ftp://host/vocab.txt"\n', "'ftp'"),
        (OWN + 'vocabulary = "hf://owner/vocab.txt"\n', "hf://OWNER/REPO@REVISION/PATH"),
        (OWN + 'vocabulary = "hf://owner/repo/../../vocab.txt"\n', "does not name a file"),
        (OWN + 'vocabulary = "hf://../repo/vocab.txt"\n', "hf://OWNER/REPO@REVISION/PATH"),
        (OWN + 'vocabulary = "hf://owner/re..po/vocab.txt"\n', "hf://OWNER/REPO@REVISION/PATH"),
        (OWN + 'vocabulary = "hf://owner/repo@../vocab.txt"\n', "hf://OWNER/REPO@REVISION/PATH"),
        (OWN + f'vocabulary = "hf://{"x" * 97}/repo/vocab.txt"\n', "hf://OWNER/REPO@REVISION/PATH"),
        (OWN + 'vocabulary = "~no-such-user/vocab.txt"\n', "the home folder of an unknown user"),
        (OWN + 'vocabulary = "s3://../vocab.txt"\n', "s3://BUCKET/KEY"),
        (OWN + 'vocabulary = "https://host:port/vocab.txt"\n', "not a valid web address"),
        (OWN + 'vocabulary = "http://[::1/vocab.txt"\n', "not a valid web address"),
        (OWN + 'vocabulary = "https://me:secret@host/vocab.txt"\n', "password"),
        (OWN.replace(".safetensors", ".ckpt"), "must be a .safetensors"),
        (OWN.replace("F5TTS_v1_Base", "F5TTS_v2"), "not in the catalogue"),
        (OWN.replace('"F5TTS_v1_Base"', '"mine"'), "refers back to itself"),
        (OWN.replace("[mine]", "[demo]"), "shipped model"),
        (OWN.replace("[mine]", '["../evil"]'), "not a valid model name"),
        ("mine = 3\n", "must be a table"),
        ("[mine\n", "is not TOML"),
        ('[mine]\ncheckpoint = "x.safetensors"\n', "is missing"),
    ],
)  # fmt: skip
def test_an_invalid_entry_is_refused_naming_the_key(tmp_path: Path, text: str, reason: str) -> None:
    message = refusal(tmp_path, text)
    assert reason in message
    assert "secret" not in message
    assert "\n" not in message


@pytest.mark.parametrize("host", ["localhost:8080", "192.168.1.2", "[fd00::1]:80"])
def test_plain_http_from_a_private_address_needs_no_hash(tmp_path: Path, host: str) -> None:
    assert load(tmp_path, OWN + f'vocabulary = "http://{host}/vocab.txt"\n')["mine"].vocabulary.sha256 is None


def test_a_missing_catalogue_file(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="F5_MODELS"):
        load_catalogue(Settings(models=tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("hf://SWivid/F5-TTS/F5TTS_Base/vocab.txt", "hf/SWivid/F5-TTS/main/F5TTS_Base/vocab.txt"),
        ("hf://a/b@0123abc/m.safetensors", "hf/a/b/0123abc/m.safetensors"),
        ("s3://bucket/some/key.pt", "s3/bucket/some/key.pt"),
        ("https://host:8443/some/key.pt", "https/host_8443/some/key.pt"),
    ],
)
def test_the_key_of_a_source_is_readable(text: str, key: str) -> None:
    assert parse_source(text).key == key


@pytest.mark.parametrize(
    "text", ["https://host/model.pt?token=x", "https://host/a b/model.pt", f"s3://bucket/{'x' * 200}.pt"]
)
def test_the_key_of_a_source_with_an_unsafe_name_is_a_hash(text: str) -> None:
    kind, _, name = parse_source(text).key.partition("/")
    assert (kind, len(name.removesuffix(".pt"))) == (text.partition(":")[0], 64)


def test_an_entry_is_plain_data(tmp_path: Path) -> None:
    mine: dict[str, Any] = dict(vars(load(tmp_path, OWN)["mine"]))
    assert isinstance(mine["arch"], dict)
    assert mine["languages"] == ("en",)
