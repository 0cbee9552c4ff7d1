"""The engine process that all windows of a user share: start it, find it, serve it, end it."""
