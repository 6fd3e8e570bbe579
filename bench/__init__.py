"""The performance goals, each a ratio of alternatives that are interleaved within one run (docs/performance.md)."""
