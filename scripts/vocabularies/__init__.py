"""Real vocabularies for tests, out of llama-cpp-python's source archive; never committed."""
