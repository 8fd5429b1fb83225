"""What a search does next, decided from its state without I/O."""
