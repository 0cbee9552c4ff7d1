"""Build the VS Code extension, and install a real VS Code to test it in."""
