"""What broken code shows, and what candidates make of it: many at once, in the sandbox of their crate."""
