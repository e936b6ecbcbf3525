"""What the pure rules return as codes, in the reader's language."""
