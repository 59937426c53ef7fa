"""Backups of one tenant that were really made, and restores that were really tried."""
