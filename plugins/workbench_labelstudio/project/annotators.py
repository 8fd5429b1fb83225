"""The annotators of a server, whom options may name by their email addresses: its tasks name them by their ids."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.options import TaskOptions

    Options = TypeVar("Options", bound=TaskOptions)


def by_id(connection: Connection, options: Options) -> Options:
    """The options with weights by id; the server is asked only where one is by email.

    Raises:
        WorkbenchError: this user may not see the users, or see `Connection.call`.
    """
    if not any("@" in name for name in options.weights or ()):
        return options
    ids = {user.email: str(user.id) for user in connection.call(connection.client.users.list)}
    weights = {ids.get(name, name): weight for name, weight in (options.weights or {}).items()}
    return dataclasses.replace(options, weights=weights)
