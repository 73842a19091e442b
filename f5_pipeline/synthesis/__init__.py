"""A batch's missing clips: prepare, reuse, speak, assemble, publish."""
