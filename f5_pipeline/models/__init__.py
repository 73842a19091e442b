"""The model catalogue, and a model's files: found or fetched, verified by sha256, checked for consistency."""
