"""Set-up of a clone, run by `scripts/setup` on the system's Python: standard library only."""
