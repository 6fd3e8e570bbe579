"""The programs that slipway's infrastructure runs; no Pulumi in here."""
