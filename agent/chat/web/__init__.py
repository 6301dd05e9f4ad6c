"""The session on a page of this machine's browser: live by server-sent events, closed to everybody else."""
