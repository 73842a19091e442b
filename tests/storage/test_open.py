"""The store that a URL names."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from f5_pipeline.errors import BadSetting
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.open import open_store
from f5_pipeline.storage.s3 import S3Store


def test_a_folder_is_a_local_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert isinstance(open_store(tmp_path), LocalStore)
    for url, path in [("store", tmp_path / "store"), ("~/x", tmp_path / "home" / "x"), ("./a/../b", tmp_path / "b")]:
        assert open_store(url).url == str(path)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("s3://bucket", "s3://bucket/a/b"),
        ("s3://bucket/", "s3://bucket/a/b"),
        ("s3://bucket/some/prefix/", "s3://bucket/some/prefix/a/b"),
        ("s3://Old_Bucket.name/p", "s3://Old_Bucket.name/p/a/b"),
    ],
)
def test_an_s3_url_is_a_bucket(url: str, location: str) -> None:
    store = open_store(url)
    assert isinstance(store, S3Store)
    assert store.location("a/b") == location
    again = pickle.loads(pickle.dumps(store))
    assert (again.url, again.location("a/b")) == (store.url, location)


INVALID_URLS = ["", "s3://", "s3:///key", "s3:/bucket", "s3://b", "gs://bucket/x", "https://bucket", "file:///x"]
INVALID_URLS += ["s3://user:pw@bucket", "s3://bucket/p?x=1"]


@pytest.mark.parametrize("url", INVALID_URLS)
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="F5_STORE"):
        open_store(url)


@pytest.mark.parametrize("endpoint", ["no scheme", "http://"])
def test_an_invalid_endpoint_is_refused(endpoint: str, aws_environment: pytest.MonkeyPatch) -> None:
    aws_environment.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(BadSetting, match="AWS_ENDPOINT_URL"):
        open_store("s3://bucket").stat("x")
