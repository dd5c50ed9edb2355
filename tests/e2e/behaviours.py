"""What happens to a parameter in a deployment, in its rollback, and at the end: one row for each behaviour."""

from dataclasses import dataclass, field
from typing import Any, Final

Props = dict[str, Any]
"""What the small app is told of one parameter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One parameter, and what is to become of it.

    Args:
        before: What the first deployment declares of it. ``None``: nothing.
        after: What the update changes of that. ``None``: it leaves the stack.
        by_hand: What is put under its name before the first deployment. Default: nothing.
        set_by_hand: Value that a person sets after the first deployment. Default: nobody does.
        name_after: Its name after the update. Default: the same.
        value: What becomes of its value in the update: ``kept``, ``new``, ``made`` (there was none) or ``gone``.
        changes: What else is different after the update.
        rolled_back: What becomes of its value where the update fails instead: ``kept`` or ``gone``.
        left: What a rollback cannot take back.
        destroyed: What becomes of its value with the stack: ``kept`` or ``gone``.
    """

    before: Props | None = field(default_factory=dict)
    after: Props | None = field(default_factory=dict)
    by_hand: Props | None = None
    set_by_hand: str | None = None
    name_after: str | None = None
    value: str = "kept"
    changes: Props = field(default_factory=dict)
    rolled_back: str = "kept"
    left: Props = field(default_factory=dict)
    destroyed: str = "gone"


_SECURE: Final[Props] = {"Value": "by-hand", "Type": "SecureString", "KeyId": "alias/aws/ssm"}
_ADOPTED: Final[Props] = {"source": "external", "adopt": True, "key": "aws"}
_EDIT: Final[Props] = {"description": "orders", "tags": {"team": "orders"}}

BEHAVIOURS: Final = {
    "unchanged": Behaviour(),
    "edited": Behaviour(after=_EDIT, changes=_EDIT),
    "regenerated": Behaviour(after={"regenerate": "2"}, value="new"),
    "set-by-a-person": Behaviour(
        before={"source": "external"}, after=_EDIT, set_by_hand="set-by-a-person", changes=_EDIT
    ),
    "handed-over-to-people": Behaviour(after={"source": "external"}),
    "key-changed": Behaviour(after={"key": "OtherKey"}, changes={"key": "OtherKey"}),
    "key-of-aws-left": Behaviour(before={"key": "aws"}, after={"key": "OtherKey"}, changes={"key": "OtherKey"}),
    "key-and-source-changed": Behaviour(
        after={"key": "OtherKey", "regenerate": "2"}, value="new", changes={"key": "OtherKey"}
    ),
    "tier-raised": Behaviour(
        after={"tier": "Advanced", "notices": [20]},
        changes={"tier": "Advanced", "policies": ["NoChangeNotification"]},
        left={"tier": "Advanced"},
    ),
    "tier-lowered": Behaviour(
        before={"tier": "Advanced", "notices": [20], "key": "StrictKey", "description": "orders"},
        after={"tier": "Standard", "notices": [], "replace": True},
        changes={"tier": "Standard", "policies": []},
    ),
    "tier-chosen-by-aws": Behaviour(
        before={"tier": "Intelligent-Tiering", "key": "StrictKey"},
        after={"notices": [20]},
        changes={"tier": "Advanced", "policies": ["NoChangeNotification"]},
        left={"tier": "Advanced"},
    ),
    "renamed": Behaviour(name_after="other-name", value="new"),
    "new-in-the-update": Behaviour(before=None, value="made", rolled_back="gone"),
    "left-out": Behaviour(after=None, value="gone"),
    "copied-from-clear-text": Behaviour(before={"copy": "/behaviours/clear"}, after=_EDIT, changes=_EDIT),
    "adopted": Behaviour(before=_ADOPTED, after=_EDIT, by_hand=_SECURE, changes=_EDIT, destroyed="kept"),
    "adopted-in-the-update": Behaviour(before=None, after=_ADOPTED, by_hand=_SECURE, destroyed="kept"),
}
"""By the last level of its name, which says what happens to it."""
