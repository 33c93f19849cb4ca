"""The support desk by rule: what a message asks for, told from its English, and a reply that is the template's."""

from collections.abc import Sequence
from typing import Any

from nodes.support_desk.points import Point, template
from understudies.support_desk.concerns import extract_concern
from understudies.support_desk.planning import plan_tasks

__all__ = ["extract_concern", "plan_tasks", "write_reply"]


def write_reply(points: Sequence[Point], wrong: Sequence[str] = ()) -> dict[str, Any]:
    """Write the template's reply, whatever was `wrong` with the last one."""
    return template(points)
