"""What the engine process did, in figures that Prometheus collects."""
