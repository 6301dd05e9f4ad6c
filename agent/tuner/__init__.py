"""The one way through: ask the proposers, verify, run, tell, and again; everybody enters, and by this name.

`tuner` is what people have, `asking` says which trial is next, and `loop` runs trials to an end. The tuner
keeps the study and passes its history on; `search/__init__.py` walks a proposal through.
"""

from bestguess.agent.tuner.loop import Callback as Callback
from bestguess.agent.tuner.tuner import MOST_TRIALS as MOST_TRIALS
from bestguess.agent.tuner.tuner import Tuner as Tuner
