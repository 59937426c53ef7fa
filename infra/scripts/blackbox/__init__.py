"""What the demos and verifications share: a caller of the HTTP API, tenants, counted facts. Knows nothing of `app`."""
