"""Policies: who proposes edits for broken code. Nothing here judges them."""
