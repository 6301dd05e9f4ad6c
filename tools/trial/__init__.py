"""What is proposed, what came of it, and all of it in order: everybody enters, and by this name."""

from bestguess.tools.goals import Direction as Direction
from bestguess.tools.trial.history import History as History
from bestguess.tools.trial.outcome import FEEDBACK_CHARS as FEEDBACK_CHARS
from bestguess.tools.trial.outcome import Outcome as Outcome
from bestguess.tools.trial.outcome import as_outcome as as_outcome
from bestguess.tools.trial.outcome import is_mean as is_mean
from bestguess.tools.trial.outcome import read_number as read_number
from bestguess.tools.trial.proposal import REASON_CHARS as REASON_CHARS
from bestguess.tools.trial.proposal import SDS_OF_90 as SDS_OF_90
from bestguess.tools.trial.proposal import Params as Params
from bestguess.tools.trial.proposal import Prediction as Prediction
from bestguess.tools.trial.proposal import Proposal as Proposal
from bestguess.tools.trial.proposal import Source as Source
from bestguess.tools.trial.proposal import key_of as key_of
from bestguess.tools.trial.trial import Progress as Progress
from bestguess.tools.trial.trial import State as State
from bestguess.tools.trial.trial import Stop as Stop
from bestguess.tools.trial.trial import Trial as Trial
