"""Reference voices: found in the store, checked, conditioned and cached on this machine."""
