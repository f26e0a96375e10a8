"""What every page of boards opens with: whose numbers, what things are called, and the filters."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, QueryDict

from accounts.models import User
from config import clock
from dashboards.filters import Asked, FilterForm, understand
from dashboards.leading import LeaderBoard
from dashboards.scope import Names, Scope, learning_scope_of, scope_of
from incidents.numbers import district_day


class Opened:
    """A request's scope, names and filters."""

    def __init__(self, request: HttpRequest, query: QueryDict | None = None) -> None:
        scope = scope_of(request.user)
        if scope is None:
            raise PermissionDenied
        self.user = cast(User, request.user)
        self.scope: Scope = scope
        self.reads_learning = learning_scope_of(request.user) is not None
        self.names = Names()
        self.at = clock.now()
        query = request.GET if query is None else query
        # The table of which all rows are wanted, not the first alone.
        self.whole = query.get("all", "")
        self.form = FilterForm(
            query,
            scope=scope,
            names=self.names,
            today=district_day(self.at),
        )
        self.asked: Asked = understand(self.form, scope=scope, names=self.names)

    def board(self) -> LeaderBoard:
        """The board of these filters; nothing of it is read yet."""
        return LeaderBoard(self.asked, scope=self.scope, names=self.names, at=self.at)
