"""One module per goal: ``NAME``, what it compares and ``measure``."""
