"""From nothing to the embedded model, or on from where it was cut off.

    python -m training toy             everything once, with next to nothing to learn from: minutes
    python -m training cpu             on two cores, about 90 minutes
    python -m training gpu             on one large GPU, about 25 minutes
    python -m training leg             on two cores, about 90 minutes, on from the shipped model
    python -m training FILE.toml       a recipe of your own

Needs Debian's espeak-ng, wordnet-base and scowl. What is made goes to build/training/NAME; the model to its folder
``model``, which has the form of f5_pipeline/demo.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from f5_pipeline.errors import FileUnusable
from training.recipe import load
from training.stages import STAGES, DeliveryBuilder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="toy, cpu, gpu, leg, or a TOML file")
    parser.add_argument("--work", type=Path, help="the folder for all that is made")
    parser.add_argument("--until", choices=list(STAGES), default=list(STAGES)[-1], help="the last stage")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="that render speech")
    asked = parser.parse_args()
    work = asked.work or Path("build") / "training" / Path(asked.recipe).stem
    try:
        workshop = DeliveryBuilder(load(asked.recipe), work, asked.processes)
    except (OSError, ValueError, FileUnusable) as error:  # no such recipe, or another one's folder
        sys.exit(f"training: {error}")
    if missing := workshop.missing():
        sys.exit(f"training: this machine lacks {', '.join(missing)}")
    workshop.run(asked.until)


if __name__ == "__main__":
    main()
