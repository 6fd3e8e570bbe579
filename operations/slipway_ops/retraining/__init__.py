"""Retraining: data that is checked before it is learnt from, and a model that is released only if it is better.

The steps of a pipeline (``validate``, ``train``, ``evaluate``, ``register``) are commands of ``slipway`` that hand each
other objects under the address of their run and nothing else. What each of them found stands there as a record.
"""
