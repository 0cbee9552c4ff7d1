"""From document text to token segments: the anchored layout and the FIM formats.

Everything here is pure: plain values in, plain values out; no model, no disk, no clock.
"""
