"""Oxidizer: proven training data and models for Rust repair."""

__version__ = "0.1.0"
