"""Pull requests from real history: found in git, taken apart, proven both ways."""
