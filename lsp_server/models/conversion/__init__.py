"""Model files made readable for libraries that stopped at an older form of GGUF."""
