"""The attention kernel of this machine: chooses the flash_attn wheel, installs it once, and proves that it works."""
