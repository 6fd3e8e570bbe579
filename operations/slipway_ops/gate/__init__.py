"""The promotion gate: decides from real traffic and its labels whether a new release takes over.

Only ``errors`` and ``config`` may be imported without the extra ``[gate]``, which brings numpy, scipy and pyarrow.
"""
