"""Models as files and data: catalogue, GGUF metadata, the embedded model."""
