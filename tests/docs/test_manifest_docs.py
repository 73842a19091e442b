"""The examples of ``docs/manifests.md`` work as shown: the dry run, the dictionary, the tags."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from f5_pipeline.cli.main import main
from f5_pipeline.manifests.dictionary import parse_dictionary
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.text.pronunciation import Pronunciations, put_back
from f5_pipeline.text.tag_syntax import BadTag
from f5_pipeline.text.tags import split_at_tags, without_tags
from tests.material import put_voices
from tests.paths import DOCS

PAGE = (DOCS / "manifests.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


MANIFEST, DICTIONARY = blocks("csv")
(DRY_RUN,) = blocks("console")


def test_dry_run_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cache: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("F5_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("F5_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    store = LocalStore(tmp_path / "store")
    put_voices(store, "f2", "m1")
    Path("tales.csv").write_text(MANIFEST)
    Path("tales.pronunciations.csv").write_text(DICTIONARY)
    command, *expected = DRY_RUN.splitlines()
    assert main(command.removeprefix("$ f5-pipeline ").split()) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == expected


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("us Us US", "uss uss you ess"),
        ("SQL's MySQL SQL-based", "sequel's MySQL sequel-based"),
        ("AC/DC in new orleans", "ay see dee see in new orleans"),
        ("New Orleans", "new orlins"),
    ],
)
def test_dictionary_replaces_the_words_that_the_page_names(written: str, spoken: str) -> None:
    assert (
        put_back(*Pronunciations(parse_dictionary(DICTIONARY.encode(), "p")).of("en-GB").set_aside(written)) == spoken
    )


def test_tags_are_accepted_and_refused_as_documented() -> None:
    """The page lists invalid tags in parentheses."""
    assert [s.text.strip() for s in split_at_tags("Wait [pause 1s], please.")] == ["Wait,", "please."]
    assert without_tags("See [[1]].") == "See [1]."
    invalid = re.search(r"An invalid tag \((.*?)\)", PAGE)
    assert invalid
    for tag in re.findall(r"`(\[.*?\])`", invalid[1]):
        with pytest.raises(BadTag):
            split_at_tags(f"{tag} Hello.")
    for tag in ("[pause 0.8s]", "[pause 800ms]", "[voice: NAME]"):
        assert f"`{tag}`" in PAGE
        assert len(split_at_tags(f"Hello {tag} there.")) == 2
