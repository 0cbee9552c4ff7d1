"""Models that can be downloaded: which there are, where they lie, and how they get there."""
