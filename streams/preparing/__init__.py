"""What is decided before the first byte: which script, from where, what goes wrong."""
