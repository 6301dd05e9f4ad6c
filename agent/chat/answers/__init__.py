"""What a session says: facts, the words for them, tables, plots and files."""
