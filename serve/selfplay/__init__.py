"""Policies against compilers: the search for a patch, and what is learned of it."""
