"""Tricks: what a patch can do to look like a fix without being one, one noun per file. `cluster/policy.py` screens."""
