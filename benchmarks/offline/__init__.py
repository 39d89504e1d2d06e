"""Offline scoring beside what teams write by hand; __main__.py says how."""
