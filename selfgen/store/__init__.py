"""What lies on disk: seeds that are read, and run folders with their journal. The only room that knows paths."""
