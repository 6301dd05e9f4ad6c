"""Text and values from outside: read within bounds, cleaned, redacted, kept private; everybody enters."""
