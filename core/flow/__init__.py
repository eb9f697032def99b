"""Flow: which steps a record may take and by whom, and taking them; approvals in several hands will live here too."""

from core.flow.steps import Offer, action_of, offered_from
from core.flow.workflow import LONGEST_COMMENT, MOST, Taken, Workflow

__all__ = ["LONGEST_COMMENT", "MOST", "Offer", "Taken", "Workflow", "action_of", "offered_from"]
