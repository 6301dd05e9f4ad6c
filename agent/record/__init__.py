"""The study and its storage: trials, owners, locks and marks. It imports neither advice nor search."""
