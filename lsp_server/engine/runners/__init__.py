"""Model libraries behind one interface; see `base`."""
