"""Two sign-ins of one person at the same moment: the second waits, and then counts the first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection, transaction
from django.test import RequestFactory
from django.utils import timezone

from accounts.identity import sessions
from accounts.identity.rows import Factor
from accounts.models import StaffSession, User
from tests.cast import Person


def comes_in(user: User) -> str:
    """In another connection, which does not wait for long."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        sessions.begin(request, user, factor=Factor.PASSWORD, at=timezone.now())
    except OperationalError:
        return "waited"
    else:
        return "came in"
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_one_at_a_time(operator: Person) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():  # somebody else is just being counted
            User.objects.select_for_update(no_key=True).get(pk=operator.user.pk)
            assert pool.submit(comes_in, operator.user).result() == "waited"
            assert not StaffSession.objects.exists()
        assert pool.submit(comes_in, operator.user).result() == "came in"
