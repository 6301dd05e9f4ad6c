"""The scoreboard: suites, peers, protocol and report. It sees only the public API of the agent."""
