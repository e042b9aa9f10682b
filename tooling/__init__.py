"""What `make` does, in plain Python: it runs before anything is installed."""
