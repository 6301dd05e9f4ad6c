"""A model server of our own: its environment, its process, and ports of this machine."""
