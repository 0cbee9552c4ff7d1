"""The `bantam` command."""
