"""``python -m f5_pipeline.demo``: install the demo's voices and manifest in the store and register its batch.

An entry point like the command line, so it may import from all layers; ``install`` depends on the store only.
"""

from __future__ import annotations

import sys

from f5_pipeline.defs.instance.instance import register_batch
from f5_pipeline.demo.install import BATCH, install
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.settings.environment import load_settings
from f5_pipeline.storage.open import open_store


def main() -> int:
    """Returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    if len(sys.argv) > 1:
        print("usage: python -m f5_pipeline.demo (the store is named by F5_STORE)", file=sys.stderr)
        return 2
    try:
        for installed in install(open_store(load_settings().store)):
            print(installed)
        print(f"partition {BATCH}: registered ({register_batch(BATCH)})")
    except F5PipelineError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
