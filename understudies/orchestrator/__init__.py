"""Who plans, writes and combines any document offline; content_variations and tech_docs do it in their own trade."""

from understudies.orchestrator.facts import written
from understudies.orchestrator.trade import Trade

_TRADE = Trade(("summary",), ("overview", "details"), "part", written)
plan, work, combine = _TRADE.plan, _TRADE.work, _TRADE.combine
