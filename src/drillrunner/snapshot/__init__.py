"""A real account, read into a lab's topology: what is rehearsed is the user's own system. Only reads, by Calls."""
