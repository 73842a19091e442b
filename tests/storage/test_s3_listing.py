"""Finding known keys by listing: all of them, and with few requests."""

from __future__ import annotations

import bisect
import hashlib
from datetime import datetime, timezone

import pytest

from f5_pipeline.storage.object_store import ObjectInfo
from f5_pipeline.storage.s3_listing import Page, leap

PAGE = 1000


class Bucket:
    """A sorted listing that counts its pages."""

    def __init__(self, keys: list[str], knows_start_after: bool = True) -> None:
        self.keys, self.pages, self.knows_start_after = sorted(keys), 0, knows_start_after

    def page(self, prefix: str, after: str = "", token: str = "") -> Page:
        self.pages += 1
        start = token or (after if self.knows_start_after else "")
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
    ("there", "wanted", "most_pages"),
    [
        (CLIPS, CLIPS, 101),  # all of them: the pages of a full listing
        (CLIPS, CLIPS[::500], 101),  # some of them, everywhere
        (CLIPS, CLIPS[7::20_000], 5),  # few: a page each
        (CLIPS, CLIPS[40_000:41_500], 3),  # all in one place
        (CLIPS[::2], CLIPS, 51),  # half of them are missing
        ([], CLIPS, 1),
        (CLIPS, ["clips/zz/none", "clips/zz/zero"], 1),
        (CLIPS, ["aaa", "zzz"], 2),
        (CLIPS, ["a"], 1),
        (["a", *[f"a{n:05}" for n in range(3000)], "ab"], ["ab"], 1),
    ],
)
def test_leaping(there: list[str], wanted: list[str], most_pages: int) -> None:
    bucket = Bucket(there)
    found = {info.key for info in leap(bucket.page, sorted(wanted))}
    assert found == set(there) & set(wanted)
    assert bucket.pages <= most_pages


def test_a_crowd_before_a_wanted_key() -> None:
    """More strangers than a page sort between a key's own beginning and the key."""
    crowd = [f"clips/xa{number:05}" for number in range(2500)]
    bucket = Bucket([*crowd, "clips/xz"])
    assert [info.key for info in leap(bucket.page, ["clips/xa99999", "clips/xz"])] == ["clips/xz"]
    assert bucket.pages <= 4


def test_a_server_that_always_begins_at_the_beginning() -> None:
    bucket = Bucket(CLIPS[:5000], knows_start_after=False)
    assert {info.key for info in leap(bucket.page, CLIPS[2000:2100])} == set(CLIPS[2000:2100])
    assert bucket.pages <= 7
