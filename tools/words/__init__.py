"""Text and values from outside: read within bounds, cleaned, redacted, and kept private."""
