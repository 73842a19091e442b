"""The README's picture of the assets is the graph that there is."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

from f5_pipeline.definitions import defs

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def drawn() -> tuple[set[tuple[str, str]], set[str]]:
    """The arrows of the picture, and the assets inside its frame for each batch."""
    (picture,) = re.findall(r"^```mermaid\n(.*?)^```", README, re.S | re.M)
    arrows = {
        pair
        for left, right in re.findall(r"^ *(.+) --> (.+)$", picture, re.M)
        for pair in product(left.split(" & "), right.split(" & "))
    }
    frame = picture.partition("subgraph")[2].partition("\n")[2].partition("end")[0]
    return arrows, set(frame.split())


def test_the_picture_is_true() -> None:
    graph = defs.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    arrows, partitioned = drawn()
    real = {(parent.to_user_string(), key.to_user_string()) for key in keys for parent in graph.get(key).parent_keys}
    assert arrows == real - _implied(real)
    assert partitioned == {key.to_user_string() for key in keys if graph.get(key).is_partitioned}


def _implied(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Arrows that a way over other assets makes superfluous: a picture leaves them out."""

    def reaches(start: str, end: str) -> bool:
        return (start, end) in arrows or any(reaches(after, end) for before, after in arrows if before == start)

    return {
        (start, end)
        for start, end in arrows
        if any(reaches(after, end) for before, after in arrows if before == start and after != end)
    }
