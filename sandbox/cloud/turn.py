"""One at a time: what reads or changes moto's dictionaries holds the turn, a call as much as a thread of a job."""

import threading

TURN = threading.RLock()
"""Held while a call is answered. A thread that waits for a call of its own to be answered must not hold it."""
