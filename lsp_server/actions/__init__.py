"""Code actions: what a person asks for at a place, offered without the model and done with it.

One file per action; `registry.py` lists them, `actor.py` tells the story of one.  Nothing here
knows LSP types or a model library.
"""
