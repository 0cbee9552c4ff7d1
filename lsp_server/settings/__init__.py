"""Settings: their schema, where they come from, and how a bad value is reported."""
