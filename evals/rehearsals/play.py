"""One rehearsal, in this environment: `python -m bestguess.evals.rehearsals.play NAME`.

The last line of stdout is the verdict as JSON. It needs nothing that a tuner's environment may lack.
"""

from __future__ import annotations

import contextlib
import json
import sys

from bestguess.evals.rehearsals import rehearse

if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        verdict = rehearse(sys.argv[1])
    sys.stdout.write(json.dumps(verdict.to_dict()) + "\n")
