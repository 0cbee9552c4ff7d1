"""What the page says of each benchmark, a file each."""
