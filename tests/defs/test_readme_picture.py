"""The README's picture of the assets shows the real asset graph."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

from f5_pipeline.definitions import defs

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def picture() -> tuple[set[tuple[str, str]], set[str]]:
    """The arrows of the picture, and the assets inside the frame "for each batch"."""
    (diagram,) = re.findall(r"^```mermaid\n(.*?)^```", README, re.S | re.M)
    arrows = {
        pair
        for left, right in re.findall(r"^ *(.+) --> (.+)$", diagram, re.M)
        for pair in product(left.split(" & "), right.split(" & "))
    }
    frame = diagram.partition("subgraph")[2].partition("\n")[2].partition("end")[0]
    return arrows, set(frame.split())


def test_the_picture_shows_the_asset_graph() -> None:
    graph = defs.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    arrows, partitioned = picture()
    real = {(parent.to_user_string(), key.to_user_string()) for key in keys for parent in graph.get(key).parent_keys}
    assert arrows == real - _transitive(real)
    assert partitioned == {key.to_user_string() for key in keys if graph.get(key).is_partitioned}


def _transitive(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Arrows between assets that are also connected over other assets: the picture leaves them out."""

    def reaches(start: str, end: str) -> bool:
        return (start, end) in arrows or any(reaches(after, end) for before, after in arrows if before == start)

    return {
        (start, end)
        for start, end in arrows
        if any(reaches(after, end) for before, after in arrows if before == start and after != end)
    }
