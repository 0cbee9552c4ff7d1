"""What happens to a finished text before it is shown; the list is in `rules.py`."""
