"""``python -m f5_pipeline.cli``: the command ``f5-pipeline``."""

import sys

from f5_pipeline.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
