"""How the embedded model is made: data, vocabulary, training, export and measurement.

The entry point is `scripts/train_embedded_model`. Nothing here is part of the installed package;
only `network`, `optimize`, `train` and `measure_loss` need PyTorch.
"""
