"""POST briefs/{id}/…: writing in a brief, issuing it, correcting it, and being sent briefs like it."""

import re
from collections.abc import Callable
from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from config import clock
from dashboards.briefs import acting, forms, keeping, measuring, reach
from dashboards.briefs.acting import FollowedSaid, ProblemSaid
from dashboards.briefs.api import BriefDetailOut, BriefEntryOut, ReadsBriefs, brief_or_404, detail
from dashboards.briefs.subjects import Subject, board_of
from dashboards.models import Brief, BriefEntry
from incidents.actor import Actor
from incidents.api.fields import StrictSerializer, TextField, checked
from incidents.errors import ActionRefused, InvalidInput

_SEEN: Final = "The version that the writer had read; refused with 409 where it is another by now."


class ProblemInput(StrictSerializer):
    """What, why, what to do, who by when, and what it is measured by; words or a measure at least."""

    words = TextField(max_length=acting.TITLE_MOST, allow_blank=True, default="")
    cause = TextField(max_length=acting.WORDS_MOST, allow_blank=True, default="")
    advice = TextField(max_length=acting.WORDS_MOST, allow_blank=True, default="")
    unit = serializers.CharField(max_length=64, allow_blank=True, default="")
    due = serializers.DateField(required=False, allow_null=True, default=None)
    measure = serializers.CharField(
        max_length=120, allow_blank=True, default="", help_text="a key of `measures` in GET words/"
    )


class FollowedInput(StrictSerializer):
    """How far the advice of an earlier brief has come."""

    follows = serializers.IntegerField(min_value=1, help_text="`follows` of an entry in GET words/")
    state = serializers.CharField(max_length=12, help_text="done, under_way, not_done or not_said")
    words = TextField(max_length=acting.WORDS_MOST, allow_blank=True, default="")


class BriefWordsInput(StrictSerializer):
    """The whole working copy: what is left out is not said any more."""

    problems = serializers.ListField(child=ProblemInput(), max_length=keeping.PROBLEMS_MOST, default=list)
    followed = serializers.ListField(child=FollowedInput(), max_length=keeping.PROBLEMS_MOST, default=list)
    decision = TextField(max_length=acting.DECISION_MOST, allow_blank=True, default="")
    outlook = TextField(max_length=acting.DECISION_MOST, allow_blank=True, default="")
    seen = serializers.IntegerField(min_value=0, max_value=2**31 - 1, help_text=_SEEN)


class BriefIssueInput(StrictSerializer):
    """Nothing but what was read."""

    seen = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1, help_text=_SEEN)


class BriefRevisionInput(BriefIssueInput):
    """Why a correction is issued."""

    words = TextField(max_length=acting.NOTE_MOST)


class BriefSubscriptionInput(StrictSerializer):
    """Whether the caller wants to be sent briefs of this kind about the same."""

    wanted = serializers.BooleanField()


class BriefSubscriptionOut(serializers.Serializer[Any]):
    """Whether they are sent now, by role or because it was asked for."""

    comes = serializers.BooleanField()


class BriefWordsEntryOut(BriefEntryOut):
    """A line of the working copy."""

    follows = serializers.IntegerField(source="follows_id", allow_null=True)
    measure = serializers.SerializerMethodField(help_text="the key that ProblemInput takes")

    class Meta(BriefEntryOut.Meta):
        fields = (*BriefEntryOut.Meta.fields, "follows", "measure")  # type: ignore[assignment]

    def get_measure(self, entry: BriefEntry) -> str:
        """Of what is followed up, that of the problem then."""
        measure = keeping.measure_of(entry)
        return measure.key if measure else ""


class BriefMeasureOut(serializers.Serializer[Any]):
    """What a problem can be measured by."""

    key = serializers.CharField()
    name = serializers.CharField()


class BriefWordsOut(serializers.Serializer[Any]):
    """The working copy: what people wrote, else what the rules propose."""

    version = serializers.IntegerField()
    entries = BriefWordsEntryOut(many=True)
    measures = BriefMeasureOut(many=True)


def _user(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _writer(request: Request, held: Brief) -> Actor:
    grant = reach.writing_grant(_user(request), held)
    if grant is None:
        raise ActionRefused("not_allowed", acting.WHO_WRITES)
    return Actor.person(_user(request), grant.unit.code)


_FIELD: Final = re.compile(r"(problem|followed)-(\d+)-(\w+)")
_LISTS: Final = {"problem": "problems", "followed": "followed"}


def _by_path(error: InvalidInput) -> InvalidInput:
    """The same with the field's place in the body: the page calls it problem-0-words."""
    if (found := _FIELD.fullmatch(error.field)) is None:
        return error
    kind, number, name = found.groups()
    return InvalidInput(f"{_LISTS[kind]}.{number}.{name}", error.code, error.message)


class BriefWordsView(APIView):
    """What people say in a brief."""

    permission_classes = (ReadsBriefs,)

    @extend_schema(
        tags=["briefs"],
        operation_id="brief_words",
        summary="The working copy of a brief, for who writes in it",
        responses=BriefWordsOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        held = brief_or_404(request, pk)
        _writer(request, held)
        return Response(self._told(held))

    @extend_schema(
        tags=["briefs"],
        operation_id="brief_write",
        summary="Replace the working copy; nothing goes out by it",
        request=BriefWordsInput,
        responses=BriefWordsOut,
    )
    def post(self, request: Request, pk: int) -> Response:
        held = brief_or_404(request, pk)
        actor = _writer(request, held)
        told = checked(BriefWordsInput, request.data)
        try:
            held = acting.write(
                brief=held.pk,
                problems=[ProblemSaid(**one) for one in told["problems"]],
                followed=[FollowedSaid(**one) for one in told["followed"]],
                decision=told["decision"],
                outlook=told["outlook"],
                seen=told["seen"],
                actor=actor,
                at=clock.now(),
            )
        except InvalidInput as error:
            raise _by_path(error) from error
        return Response(self._told(held))

    def _told(self, held: Brief) -> dict[str, Any]:
        at = clock.now()
        entries = keeping.working_copy(held, at=at)
        if held.version and not any(entry.kind == BriefEntry.Kind.FOLLOWED for entry in entries):
            entries += keeping.owed(held)
        board = board_of(Subject.of(held), keeping.span_of(held), at=at)
        offers = forms.offers_of(measuring.offered(board), entries)
        return dict(
            BriefWordsOut(
                {
                    "version": held.version,
                    "entries": entries,
                    "measures": [{"key": key, "name": name} for key, name in offers],
                }
            ).data
        )


class _ActView(APIView):
    permission_classes = (ReadsBriefs,)
    takes: ClassVar[type[StrictSerializer]]
    act: ClassVar[Callable[..., Any]]

    def post(self, request: Request, pk: int) -> Response:
        held = brief_or_404(request, pk)
        actor = _writer(request, held)
        told = checked(self.takes, request.data)
        edition = type(self).act(brief=held.pk, actor=actor, at=clock.now(), **told)
        return Response(detail(brief_or_404(request, pk), edition))


@extend_schema_view(
    post=extend_schema(
        tags=["briefs"],
        operation_id="brief_issue",
        summary="Freeze a draft with its numbers and send it out; again, it answers what was issued",
        request=BriefIssueInput,
        responses=BriefDetailOut,
    )
)
class BriefIssueView(_ActView):
    """Issuing."""

    takes = BriefIssueInput
    act = staticmethod(acting.issue)


@extend_schema_view(
    post=extend_schema(
        tags=["briefs"],
        operation_id="brief_revise",
        summary="Issue a correction beside what was issued: the working copy and the numbers of now",
        request=BriefRevisionInput,
        responses=BriefDetailOut,
    )
)
class BriefReviseView(_ActView):
    """Correcting."""

    takes = BriefRevisionInput
    act = staticmethod(acting.revise)


class BriefSubscriptionView(APIView):
    """Being sent briefs like this one."""

    permission_classes = (ReadsBriefs,)

    @extend_schema(
        tags=["briefs"],
        operation_id="brief_subscribe",
        summary="Be sent briefs of this kind about the same, or be spared them; twice is once",
        request=BriefSubscriptionInput,
        responses=BriefSubscriptionOut,
    )
    def post(self, request: Request, pk: int) -> Response:
        held = brief_or_404(request, pk)
        told = checked(BriefSubscriptionInput, request.data)
        user = _user(request)
        acting.subscribe(
            kind=held.kind,
            about=held.about,
            code=held.code,
            wanted=told["wanted"],
            actor=Actor(user=user),
            at=clock.now(),
        )
        return Response(BriefSubscriptionOut({"comes": reach.comes_to(user, held)}).data)


ACTS: Final[dict[str, type[APIView]]] = {
    "words": BriefWordsView,
    "issue": BriefIssueView,
    "revise": BriefReviseView,
    "subscription": BriefSubscriptionView,
}
