"""Java: facts and queries."""
