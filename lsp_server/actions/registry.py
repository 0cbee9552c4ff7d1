"""All actions, in the order in which a menu shows them."""

from __future__ import annotations

from lsp_server.actions.action import Action
from lsp_server.actions.docstring import WriteDocstring
from lsp_server.actions.edit_instructed import EditInstructed
from lsp_server.actions.explain import Explain
from lsp_server.actions.fix_diagnostic import FixDiagnostic
from lsp_server.actions.write_body import WriteBody
from lsp_server.errors import UsageError

ACTIONS: tuple[Action, ...] = (
    FixDiagnostic(),
    WriteBody(),
    WriteDocstring(),
    EditInstructed(),
    Explain(),
)


def find_action(name: str) -> Action:
    """Return an action by its name; `-` does for `_`.

    Raises:
        UsageError: There is none of this name.
    """
    for action in ACTIONS:
        if action.name == name.replace("-", "_"):
            return action
    known = ", ".join(action.name for action in ACTIONS)
    raise UsageError(f"there is no action {name!r}; the actions are {known}")
