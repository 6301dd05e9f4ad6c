"""Words to and from a language model: what it is asked, what it said, and what that cost."""
