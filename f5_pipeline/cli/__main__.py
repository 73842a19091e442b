"""``python -m f5_pipeline.cli``: the command ``f5-pipeline``."""

import sys

from f5_pipeline.cli.main import main

sys.exit(main())
