"""Go: facts and queries."""
