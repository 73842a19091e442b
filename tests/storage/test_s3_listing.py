"""Looking up known keys by listing: all of them, with few requests."""

from __future__ import annotations

import bisect
import hashlib
from datetime import datetime, timezone

import pytest

from f5_pipeline.storage.object_store import ObjectInfo
from f5_pipeline.storage.s3_listing import Page, find_keys

PAGE = 1000


class Bucket:
    """A sorted listing that counts the requested pages."""

    def __init__(self, keys: list[str], supports_start_after: bool = True) -> None:
        self.keys, self.pages, self.supports_start_after = sorted(keys), 0, supports_start_after

    def page(self, prefix: str, after: str = "", token: str = "") -> Page:
        self.pages += 1
        start = token or (after if self.supports_start_after else "")
        first = max(bisect.bisect_right(self.keys, start), bisect.bisect_left(self.keys, prefix))
        chosen = [key for key in self.keys[first : first + PAGE] if key.startswith(prefix)]
        more = len(chosen) == PAGE and first + PAGE < len(self.keys) and self.keys[first + PAGE].startswith(prefix)
        infos = [ObjectInfo(key, 1, "e", datetime.now(timezone.utc)) for key in chosen]
        return Page(infos, chosen[-1] if more else "")


def clip(number: int) -> str:
    key = hashlib.sha256(b"%d" % number).hexdigest()
    return f"clips/{key[:2]}/{key}.flac"


CLIPS = sorted(clip(number) for number in range(100_000))


@pytest.mark.parametrize(
    ("existing", "wanted", "max_pages"),
    [
        (CLIPS, CLIPS, 101),  # all of them: the pages of a full listing
        (CLIPS, CLIPS[::500], 101),  # some, everywhere
        (CLIPS, CLIPS[7::20_000], 5),  # few: a page each
        (CLIPS, CLIPS[40_000:41_500], 3),  # neighbours
        (CLIPS[::2], CLIPS, 51),  # half of them are missing
        ([], CLIPS, 1),
        (CLIPS, ["clips/zz/none", "clips/zz/zero"], 1),
        (CLIPS, ["aaa", "zzz"], 2),
        (CLIPS, ["a"], 1),
        (["a", *[f"a{n:05}" for n in range(3000)], "ab"], ["ab"], 1),
    ],
)
def test_existing_keys_are_found_in_few_pages(existing: list[str], wanted: list[str], max_pages: int) -> None:
    bucket = Bucket(existing)
    found = {info.key for info in find_keys(bucket.page, sorted(wanted))}
    assert found == set(existing) & set(wanted)
    assert bucket.pages <= max_pages


def test_many_other_keys_before_a_wanted_key() -> None:
    """More than a page of other keys sorts between a prefix of the wanted key and the key."""
    others = [f"clips/xa{number:05}" for number in range(2500)]
    bucket = Bucket([*others, "clips/xz"])
    assert [info.key for info in find_keys(bucket.page, ["clips/xa99999", "clips/xz"])] == ["clips/xz"]
    assert bucket.pages <= 4


def test_a_server_that_ignores_start_after() -> None:
    bucket = Bucket(CLIPS[:5000], supports_start_after=False)
    assert {info.key for info in find_keys(bucket.page, CLIPS[2000:2100])} == set(CLIPS[2000:2100])
    assert bucket.pages <= 7
