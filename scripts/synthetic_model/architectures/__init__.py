"""Metadata and tensors of each architecture, as llama.cpp loads them (src/models/NAME.cpp)."""
