"""The pipeline of one completion: gather, prompt, generate, filter, remember."""
