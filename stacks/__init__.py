"""Settings and compositions: what an environment is made of."""
