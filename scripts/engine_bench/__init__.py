"""Benchmarks of the engine beside its peer; one module each, named in `registry.py`."""
