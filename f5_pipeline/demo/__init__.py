"""The embedded demo: a small model trained for this package, its voices and a manifest. Needs no download."""
