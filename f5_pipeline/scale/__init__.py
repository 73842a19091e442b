"""Many machines for one batch: the same lines, the same code on each of them, and who gets which."""
