"""The engine as an OpenAI-compatible server that the user names: text leaves the machine."""
