"""Reference voices: found, checked, conditioned, cached on this machine."""
