"""Readers of manifest formats, one module for each family. ``manifests.rows`` chooses the reader by the format."""
