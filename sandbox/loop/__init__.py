"""`make loop`: the later months of the example's year arrive, and its model is retrained, judged and replaced."""
