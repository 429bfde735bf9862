"""Roles. Each role may do all that the ones before it may."""

WATCH, ANALYSE, OPERATE = "watch", "analyse", "operate"
ROLES = (WATCH, ANALYSE, OPERATE)
"""See what the cameras show; hand in pictures and videos, show a camera of one's own, record; everything else."""


def allows(held: str, needed: str) -> bool:
    """Whether the role `held` includes the role `needed`."""
    return ROLES.index(held) >= ROLES.index(needed)
