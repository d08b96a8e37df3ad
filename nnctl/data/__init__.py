"""Rows on disk become arrays."""
