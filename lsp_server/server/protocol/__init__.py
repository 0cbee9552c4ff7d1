"""What stands between pygls and its users: documents, positions, output, errors, logs.

Each file guards against one thing that pygls 2.1.1 does to a document, a message or a log.
"""
