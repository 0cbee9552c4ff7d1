"""Small plots as SVG text, without a plotting library."""
