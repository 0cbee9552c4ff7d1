"""Whether KV cells that were kept over edits answer as a full recompute does."""
