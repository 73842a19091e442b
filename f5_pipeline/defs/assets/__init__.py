"""Assets: one module for each asset of the pipeline."""
