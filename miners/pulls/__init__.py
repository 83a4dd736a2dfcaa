"""Pull requests from history: what git and GitHub's public event archive tell of them."""
