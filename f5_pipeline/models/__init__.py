"""The model catalogue, and the files of a model: found or fetched, held to their sha256, proven to belong together."""
