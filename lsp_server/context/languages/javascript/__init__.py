"""JavaScript: facts and queries."""
