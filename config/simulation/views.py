"""The views that the demo's people keep of the list of cases."""

from datetime import datetime

from accounts.models import User
from incidents.models import SavedView
from incidents.searching.saved import save_view

# Who, under which name, what of the list, and with whom it is shared.
_VIEWS = (
    ("operator", "热线未结", "source=hotline&status=open", ""),
    ("operator", "路灯多人反映", "domain=02&tag=several", "operations-centre"),
    ("supervisor", "退过件又超时", "overdue=on&tag=returned", "operations-centre"),
    ("supervisor", "噪音夜间投诉", "q=噪音&status=open", ""),
    ("handler", "催办过的", "status=open&tag=chased", "lighting-company"),
)


def prepare_views(*, at: datetime) -> None:
    """Keep them for whoever signs in; what is there already stays as it is."""
    people = User.objects.in_bulk([username for username, *_view in _VIEWS], field_name="username")
    known = set(SavedView.objects.values_list("owner__username", "name"))
    for username, name, query, unit in _VIEWS:
        if username in people and (username, name) not in known:
            save_view(
                user=people[username],
                page=SavedView.Page.CASES,
                name=name,
                query=query,
                unit_code=unit,
                at=at,
            )
