"""GitHub's public event archive: what its hour files tell of pull requests."""
