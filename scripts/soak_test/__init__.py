"""A soak: hours of editing in minutes, against the real server and the real engine."""
