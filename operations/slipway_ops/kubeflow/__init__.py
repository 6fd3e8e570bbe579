"""Runs of Kubeflow Pipelines for a state machine outside the cluster: started, watched, and answered for."""
