"""Rules that end a suggestion while the model still writes; the list is in `rules.py`."""
