"""The page of measured results, written from the JSON that benchmarks gave."""
