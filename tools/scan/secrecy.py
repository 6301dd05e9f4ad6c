"""Whether a text in a script may be a key or a password, which is neither tuned nor shown.

It errs on the side of secrecy: what is left out so can be written into the space by hand.
"""

from __future__ import annotations

import re

from bestguess.tools.scan.finding import Finding
from bestguess.tools.words.redaction import is_secret_name, redact

_RANDOM = re.compile(r"(?=(?:[A-Za-z]*\d){3})(?=(?:\d*[A-Za-z]){3})[A-Za-z0-9]{20,}")


def is_secret(finding: Finding) -> bool:
    """Whether a finding's text, or another that it may be, is or is named like a secret; numbers are none."""
    texts = [one for one in (finding.value, *finding.options) if isinstance(one, str)]
    return (bool(texts) and is_secret_name(finding.name)) or any(
        redact(one) != one or _RANDOM.search(one[:500]) for one in texts
    )
