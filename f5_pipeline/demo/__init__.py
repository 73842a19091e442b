"""The embedded default: a small model of our own, its voices and a manifest. Always there, never downloaded."""
