"""Small models with random weights: files that llama.cpp loads, for tests and measurements."""
