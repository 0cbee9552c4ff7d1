"""One folder per language: facts, queries and, where imports need rules, `resolve.py`.

Adding a language adds a folder here and touches nothing else.  `registry` reads the facts and
`resolver` says what a `resolve.py` may answer.
"""
