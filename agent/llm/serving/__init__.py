"""A vLLM server of our own, for `bestguess serve`: its environment, its process, and this machine's ports."""
