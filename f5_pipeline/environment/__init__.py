"""The attention kernel of this machine: which flash_attn wheel fits, installing it once, proving it."""
