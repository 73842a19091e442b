"""Train the embedded model, or resume an interrupted training.

    python -m training toy             every stage once, on very little data: minutes
    python -m training cpu             on two cores, about 90 minutes
    python -m training gpu             on one large GPU, about 25 minutes
    python -m training leg             on two cores, about 90 minutes, from the shipped model's weights
    python -m training natural         on two cores, about 110 minutes, from the shipped model to Kokoro's voices
    python -m training FILE.toml       your own recipe

Needs Debian's wordnet-base and scowl, and the recipe's teacher: espeak-ng, or Kokoro (docs/training.md). The results go
to build/training/NAME; its folder ``model`` has the form of f5_pipeline/demo.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from f5_pipeline.errors import FileUnusable
from training.recipe import load
from training.stages import STAGES, TrainingRun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="toy, cpu, gpu, leg, natural, or a TOML file")
    parser.add_argument("--work", type=Path, help="the working folder; default: build/training/NAME")
    parser.add_argument("--until", choices=list(STAGES), default=list(STAGES)[-1], help="the last stage to run")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="processes that render speech")
    arguments = parser.parse_args()
    work = arguments.work or Path("build") / "training" / Path(arguments.recipe).stem
    try:
        run = TrainingRun(load(arguments.recipe), work, arguments.processes)
    except (OSError, ValueError, FileUnusable) as error:  # no such recipe, or a folder of another recipe
        sys.exit(f"training: {error}")
    if missing := run.missing():
        sys.exit(f"training: this machine lacks {', '.join(missing)}")
    run.run(arguments.until)


if __name__ == "__main__":
    main()
