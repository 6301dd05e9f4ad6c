"""The agent loop: framing the history in words, asking the proposers, and keeping the record."""
