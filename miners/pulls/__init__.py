"""Pull requests from history: found in git, divided into tests and source, proven both ways."""
