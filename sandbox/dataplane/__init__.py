"""The data plane in the sandbox: the real Envoy and real model servers, in front of whom nobody's cluster stands.

The controllers that would make a cluster out of the declared objects do not run here. Envoy's configuration is made
from the stored manifests the way Envoy Gateway does it (``envoy``), the servers of the arms are local processes
(``arms``), and a small driver plays the rollout controller on the stored objects (``controller``). Everything listens
on loopback, and every address is asserted before anything starts (``addresses``).
"""
