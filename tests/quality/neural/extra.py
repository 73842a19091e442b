"""The extra ``quality``: without it, tests that need it are skipped; with ``CI`` set, they fail."""

from __future__ import annotations

import os

import pytest

from f5_pipeline.quality.neural.mos import mos_model

needs_quality = pytest.mark.skipif(
    mos_model() is None and not os.environ.get("CI"), reason="the extra quality is not installed"
)
