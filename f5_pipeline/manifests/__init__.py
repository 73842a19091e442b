"""Manifests and batch settings: read, validated, and resolved into utterances."""
