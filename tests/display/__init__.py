"""Tests of ``f5_pipeline.display``."""
