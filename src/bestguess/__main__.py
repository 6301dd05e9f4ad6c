"""`python -m bestguess` is the command `bestguess`."""

from bestguess.agent.cli import main

if __name__ == "__main__":
    main(prog_name="bestguess")
