"""Who reads a mediation: its unit and supervisors, masked until they ask, and each look is kept."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.roles import Role
from incidents import actions
from incidents.models import Incident, Mediation, MediationFile, MediationScan
from tests.cast import TUESDAY, Person, person, reload
from tests.incidents.mediation.conftest import (
    AN_HOUR,
    APPLICANT,
    RESPONDENT,
    SAID,
    TERMS,
    Hands,
    accepted,
    looks,
    new_dispute,
)
from tests.incidents.resident.conftest import picture, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_tuesday")]

SECRETS = (APPLICANT.name, RESPONDENT.name, APPLICANT.phone, RESPONDENT.phone, APPLICANT.address)


def browser(who: Person, language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(who.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


class TestPages:
    def test_the_mediator_sees_it_masked_and_as_it_is_once_they_ask(
        self, file: MediationFile, mediator: Person, dispute: Incident
    ) -> None:
        client = browser(mediator)
        page = client.get(f"/mediation/{file.pk}/").content.decode()
        for secret in SECRETS:
            assert secret not in page
        assert "赵**" in page
        assert "135****2222" in page
        assert "家漏水泡了天花板" in page
        assert looks(dispute) == 0
        shown = client.post(f"/mediation/{file.pk}/read/")
        told = shown.content.decode()
        for secret in (*SECRETS, SAID, TERMS):
            assert secret in told
        assert "no-store" in shown["Cache-Control"]
        assert looks(dispute) == 1
        line = dispute.timeline.get(kind="mediation_read")
        assert (line.actor, line.data["file"]) == (mediator.user, file.pk)

    def test_supervisors_read_it_too(
        self, file: MediationFile, supervisor: Person, dispute: Incident
    ) -> None:
        client = browser(supervisor)
        assert "赵**" in client.get(f"/mediation/{file.pk}/").content.decode()
        assert APPLICANT.name in client.post(f"/mediation/{file.pk}/read/").content.decode()
        assert looks(dispute) == 1

    @pytest.mark.parametrize(
        ("role", "unit"),
        [
            (Role.OPERATOR, "operations-centre"),
            (Role.DISPATCHER, "operations-centre"),
            (Role.LEADER, "district"),
        ],
    )
    def test_who_sees_the_case_only_learns_that_it_is_mediated(
        self, file: MediationFile, dispute: Incident, role: Role, unit: str
    ) -> None:
        client = browser(person("reads", role, unit))
        page = client.get(f"/mediation/{file.pk}/")
        assert page.status_code == 200
        told = page.content.decode()
        for secret in (*SECRETS, "赵**", "135****", "漏水泡了天花板", "赔偿"):
            assert secret not in told
        assert client.post(f"/mediation/{file.pk}/read/").status_code == 403
        assert client.post(f"/mediation/{file.pk}/pdf/").status_code == 403
        for step in ("session", "follow-up", "scans", "earlier"):
            assert client.get(f"/mediation/{file.pk}/{step}/").status_code == 403
        assert looks(dispute) == 0

    def test_who_does_not_see_the_case_finds_nothing(
        self, file: MediationFile, other_handler: Person
    ) -> None:
        client = browser(other_handler)
        assert client.get(f"/mediation/{file.pk}/").status_code == 404
        assert client.post(f"/mediation/{file.pk}/read/").status_code == 404
        page = client.get("/mediation/?tab=settled")
        assert page.status_code == 200
        assert f"/mediation/{file.pk}/" not in page.content.decode()

    def test_a_unit_that_lost_the_case_reads_it_no_more(
        self, dispute: Incident, hands: Hands, mediator: Person, dispatcher: Person
    ) -> None:
        file = hands.open(dispute)
        actions.redispatch(
            number=dispute.number,
            item_code="1401-001",
            unit_code="justice",
            reason="换单位调解",
            actor=dispatcher.actor,
            at=hands.at,
        )
        assert browser(mediator).post(f"/mediation/{file.pk}/read/").status_code == 403
        judge = person("judge", Role.HANDLER, "justice")
        assert APPLICANT.name in browser(judge).post(f"/mediation/{file.pk}/read/").content.decode()

    def test_the_case_shows_the_five_steps_and_the_way_in(
        self, dispute: Incident, mediator: Person, lamp_case: Incident, supervisor: Person
    ) -> None:
        page = browser(mediator).get(f"/cases/{dispute.number}/").content.decode()
        assert f"/mediation/new/{dispute.number}/" in page
        assert 'class="loop"' in page
        other = browser(supervisor).get(f"/cases/{lamp_case.number}/").content.decode()
        assert 'class="loop"' not in other

    def test_from_the_form_to_the_end(self, dispute: Incident, mediator: Person) -> None:
        client = browser(mediator)
        form = {
            "kind": "peoples",
            "mediator": "mediator",
            "first-side": "applicant",
            "first-name": APPLICANT.name,
            "second-side": "respondent",
            "second-name": "",
            "second-phone": "13600001111",
        }
        refused = client.post(f"/mediation/new/{dispute.number}/", form)
        assert refused.status_code == 400
        assert APPLICANT.name in refused.content.decode()  # what was typed stays
        form["second-name"] = RESPONDENT.name
        opened = client.post(f"/mediation/new/{dispute.number}/", form)
        file = MediationFile.objects.get()
        assert opened["Location"] == f"/mediation/{file.pk}/"
        ids = [one.pk for one in file.parties.all()]

        def step(name: str, **told: Any) -> int:
            at = MediationFile.objects.get(pk=file.pk).version
            return client.post(f"/mediation/{file.pk}/{name}/", {"seen_version": at, **told}).status_code

        assert step("session", held_at="2026-07-07T11:30", present=ids, text=SAID, result="agreed") == 302
        assert step("agreement", terms=TERMS, perform_by="2020-01-01") == 400
        assert step("agreement", terms=TERMS) == 302
        assert step("end", outcome="settled") == 409
        assert [step("confirm", party=one, how="signed") for one in ids] == [302, 302]
        assert step("confirm", party=ids[0], how="signed") == 400  # not among the choices any more
        stale = client.post(f"/mediation/{file.pk}/end/", {"seen_version": 1, "outcome": "settled"})
        assert stale.status_code == 409
        assert step("end", outcome="settled") == 302
        assert step("session", held_at="2026-07-07T11:30", present=ids, text="x", result="agreed") == 409
        chosen = client.get(f"/cases/{dispute.number}/resolve/").context["form"]
        assert not {"mediation", "settled"} & chosen.fields.keys()  # the file says it

    def test_a_refused_form_stays_as_old_as_it_is(
        self, dispute: Incident, hands: Hands, mediator: Person
    ) -> None:
        """What a colleague wrote meanwhile is told before anything is written over it."""
        client, file = browser(mediator), hands.open(dispute)
        address = f"/mediation/{file.pk}/agreement/"
        shown = client.get(address).context["seen_version"]
        hands.meet(file)
        refused = client.post(address, {"seen_version": shown, "terms": ""})
        assert refused.status_code == 400
        assert f'name="seen_version" value="{shown}"' in refused.content.decode()
        stale = client.post(address, {"seen_version": refused.context["seen_version"], "terms": TERMS})
        assert stale.status_code == 409  # and now it says so
        assert (
            client.post(address, {"seen_version": stale.context["seen_version"], "terms": TERMS}).status_code
            == 302
        )

    def test_a_refused_opening_stays_as_old_as_it_is(
        self, dispute: Incident, hands: Hands, mediator: Person
    ) -> None:
        client, address = browser(mediator), f"/mediation/new/{dispute.number}/"
        shown = client.get(address).context["seen_version"]
        actions.note(number=dispute.number, text="已约双方", actor=mediator.actor, at=hands.at)
        form = {"kind": "peoples", "mediator": "mediator", "first-side": "applicant", "first-name": ""}
        form |= {"second-side": "respondent", "seen_version": shown}
        refused = client.post(address, form)
        assert (refused.status_code, int(refused.context["seen_version"])) == (400, shown)
        form |= {"first-name": "赵大海"}
        stale = client.post(address, form)
        assert stale.status_code == 409
        assert stale.context["seen_version"] == reload(dispute).version

    def test_the_same_people_elsewhere_show_with_the_names(
        self, file: MediationFile, dispute: Incident, hands: Hands, mediator: Person
    ) -> None:
        """That these two were at odds before is about them: it is a look."""
        later = hands.open(accepted(new_dispute(joins="", at=TUESDAY + AN_HOUR), mediator))
        client, link = browser(mediator), f'href="/cases/{dispute.number}/"'
        page = client.get(f"/mediation/{later.pk}/").content.decode()
        assert link not in page
        assert "1 dispute with one of these parties before" in page
        assert link in client.post(f"/mediation/{later.pk}/read/").content.decode()

    def test_the_list_has_tabs_with_what_is_in_them(self, file: MediationFile, mediator: Person) -> None:
        client = browser(mediator)
        for tab, is_there in (("open", False), ("settled", True), ("not_settled", False), ("x", False)):
            page = client.get("/mediation/", {"tab": tab, "page": "zz"})
            assert page.status_code == 200
            assert (f"/mediation/{file.pk}/" in page.content.decode()) is is_there
            for secret in SECRETS:
                assert secret not in page.content.decode()
        MediationFile.objects.update(follow_up_on="2026-07-01")
        assert f"/mediation/{file.pk}/" in client.get("/mediation/?tab=follow").content.decode()

    def test_the_list_takes_as_many_queries_for_ten_as_for_two(
        self, file: MediationFile, hands: Hands, mediator: Person, django_assert_max_num_queries: Any
    ) -> None:
        client = browser(mediator)
        hands.open(accepted(new_dispute(joins=""), mediator))
        client.get("/mediation/")
        with django_assert_max_num_queries(40) as few:
            client.get("/mediation/")
        for _index in range(8):
            hands.open(accepted(new_dispute(joins=""), mediator))
        with django_assert_max_num_queries(len(few)):
            client.get("/mediation/")


def test_the_agreement_on_paper_names_the_parties_and_is_a_look(
    file: MediationFile, mediator: Person, dispute: Incident
) -> None:
    client = browser(mediator, "zh-hans")
    answer = client.post(f"/mediation/{file.pk}/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert looks(dispute) == 1
    assert client.get(f"/mediation/{file.pk}/pdf/").status_code == 405
    assert looks(dispute) == 1


def test_scans_are_sealed_and_each_time_they_are_taken_out_is_kept(
    file: MediationFile, hands: Hands, mediator: Person, dispute: Incident, tmp_path: Any
) -> None:
    client = browser(mediator)
    address = f"/mediation/{file.pk}/scans/"
    assert client.post(address, {"scans": upload(picture())}).status_code == 302
    assert client.post(address, {"scans": upload(picture())}).status_code == 302  # the same one
    kept = MediationScan.objects.get()
    assert not any(path.read_bytes()[:3] == b"\xff\xd8\xff" for path in tmp_path.rglob("*.sealed"))
    taken = client.post(f"{address}{kept.pk}/")
    assert taken.content[:3] == b"\xff\xd8\xff"
    assert dispute.timeline.get(kind="mediation_read").data["scan"] == str(kept.pk)
    broken = SimpleUploadedFile("x.pdf", b"MZ nothing")
    assert client.post(address, {"scans": broken}).status_code == 400
    lines = dispute.timeline.filter(kind="mediation_scan")
    assert [line.data["scan"] for line in lines] == [str(kept.pk)]  # one line, as there is one scan
    # A scan is taken out of its own file alone.
    other = hands.open(accepted(new_dispute(joins=""), mediator))
    assert client.post(f"/mediation/{other.pk}/scans/{kept.pk}/").status_code == 404
    assert looks(other.incident) == 0


def test_what_the_file_says_is_not_asked_again(
    file: MediationFile, mediator: Person, dispute: Incident
) -> None:
    client = browser(mediator)
    address = f"/cases/{dispute.number}/resolve/"
    shown = client.get(address).content.decode()
    assert 'name="mediation"' not in shown
    assert f"/mediation/{file.pk}/" in shown
    form = {
        "outcome": "solved",
        "text": "已达成协议",
        "attested": "on",
        "ago": "0",
        "seen_version": reload(dispute).version,
    }
    done = client.post(address, form)
    assert done.status_code == 302, done.context["form"].errors
    told = Mediation.objects.get(incident=dispute)
    assert (told.kind, told.settled) == ("peoples", True)


def test_an_open_file_is_ended_before_the_case_is_resolved(
    dispute: Incident, hands: Hands, mediator: Person
) -> None:
    hands.open(dispute)
    form = {
        "outcome": "explained",
        "text": "谈不拢",
        "ago": "0",
        "seen_version": reload(dispute).version,
    }
    refused = browser(mediator).post(f"/cases/{dispute.number}/resolve/", form)
    assert refused.status_code == 400
    assert "still open" in refused.content.decode()


def test_earlier_editions_stay_to_be_read(dispute: Incident, hands: Hands, mediator: Person) -> None:
    file = hands.open(dispute)
    hands.agree(file, "一、赔偿赵大海五百元")
    hands.agree(file, "一、赔偿赵大海八百元")
    page = browser(mediator).get(f"/mediation/{file.pk}/").content.decode()
    assert page.index("八百元") < page.index("五百元")
    assert page.count('class="mediation-edition"') == 1
    assert APPLICANT.name not in page  # masked as the one that counts
    other = browser(person("reads", Role.OPERATOR, "operations-centre")).get(f"/mediation/{file.pk}/")
    assert "五百元" not in other.content.decode()


def test_a_settled_file_leads_to_resolving_its_case(
    file: MediationFile, mediator: Person, dispute: Incident
) -> None:
    page = browser(mediator).get(f"/mediation/{file.pk}/").content.decode()
    assert f'class="btn btn-primary" href="/cases/{dispute.number}/resolve/"' in page
    assert f'class="btn btn-primary" href="/mediation/new/{dispute.number}/' not in page


def test_what_is_kept_in_part_shows_when_it_is_asked_after_again(
    file: MediationFile, mediator: Person
) -> None:
    client = browser(mediator)
    form = {
        "how": "call",
        "result": "partly",
        "text": "还差四百",
        "next_on": "2026-07-20",
        "seen_version": MediationFile.objects.get(pk=file.pk).version,
    }
    done = client.post(f"/mediation/{file.pk}/follow-up/", form, follow=True).content.decode()
    assert "asked after again on 20 Jul 2026" in done
    assert f'href="/mediation/new/{file.incident.number}/"' in done
