"""The pipeline of one completion: gather, prompt, generate, filter, remember.

`pipeline.py` tells the story; every stage has a file of its own name.  Nothing here knows LSP
types or a model library.
"""
