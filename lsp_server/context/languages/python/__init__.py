"""Python: facts and queries."""
