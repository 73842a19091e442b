"""The upstream assets: the lines to speak, and the voices that speak them."""

from importlib.resources import files
from pathlib import Path

import dagster as dg
import pandas as pd

VOICES = ("f2", "m1")


@dg.asset(group_name="announcements", kinds={"pandas"})
def lines() -> pd.DataFrame:
    """The announcements of a station: in a real project, a query of its timetable. Each ``batch`` is spoken alone."""
    return pd.DataFrame(
        [
            ("arrivals", "platform-2", "The train from the coast arrives at platform two.", "f2"),
            ("arrivals", "platform-5", "The night train arrives at platform five.", "f2"),
            ("departures", "platform-1", "Please stand back from the platform.", "m1"),
        ],
        columns=["batch", "id", "text", "voice"],
    )


@dg.asset(group_name="announcements", kinds={"audio"})
def voices() -> dg.MaterializeResult:
    """Two voices of f5-pipeline's demo, in the store. In a real project: your own recordings, put there by you."""
    folder = Path("store", "voices")
    folder.mkdir(parents=True, exist_ok=True)
    for name in (f"{voice}.{suffix}" for voice in VOICES for suffix in ("wav", "txt")):
        (folder / name).write_bytes(files("f5_pipeline.demo").joinpath("voices", name).read_bytes())
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(str(folder.resolve()))})
