"""The peer of our benchmarks: llama-server of exactly the llama.cpp that our engine runs."""
