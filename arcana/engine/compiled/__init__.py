"""What the compiled routes share: what a kernel is made for, layouts, and the way from a job to its result."""
