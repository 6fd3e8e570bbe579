"""Whether what a model meets, says and achieves in production is still what it was at training."""
