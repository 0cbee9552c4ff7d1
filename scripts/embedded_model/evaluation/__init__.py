"""How the embedded model is measured: holes in held-out source, through Bantam's own engine.

The entry point is `scripts/eval_embedded_model`.  Nothing here needs PyTorch.
"""
