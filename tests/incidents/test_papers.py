"""A case on paper: nobody's number, who took it away, and a file that opens."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.masking import starred
from incidents import actions
from incidents.attachments import store_picture
from incidents.models import Attachment, Incident
from incidents.papers import draw, paper_of
from tests.cast import TUESDAY, Person, file_report

LATER = TUESDAY + timedelta(hours=3)


@pytest.mark.parametrize(
    ("words", "paper"),
    [
        ("打 13812342207 找王生", "打 138****2207 找王生"),
        ("打 138 1234 2207 找王生", "打 138****2207 找王生"),
        ("身份证440307199001011234", "身份证440307****1234"),
        ("身份证44030719900101123X", "身份证440307****123X"),
        ("银行卡6222020012345678901", "银行卡622****8901"),
        ("座机28991234", "座机****34"),
        ("0755-28991234", "075****1234"),
        ("１３８１２３４２２０７", "１３８****２２０７"),
        ("138.1234.2207", "138****2207"),
        ("2026-07-08 打 13812342207", "2026-07-08 打 138****2207"),
        ("2026-07-08 13812342207", "2026-07-08 138****2207"),
        ("12-3-1204 房", "12-3-1204 房"),
        ("同 20260707-000123 一案", "同 20260707-000123 一案"),
        ("3 栋 1204,12345 热线", "3 栋 1204,12345 热线"),
    ],
)
def test_numbers_that_belong_to_somebody_are_starred(words: str, paper: str) -> None:
    assert starred(words) == paper


def test_nobodys_name_or_number_is_on_it(resolved_case: Incident, handler: Person) -> None:
    actions.note(
        number=resolved_case.number, text="王小明 13812342207 说晚上在家", actor=handler.actor, at=LATER
    )
    paper = paper_of(resolved_case, handler.user, at=LATER)
    assert "13812342207" not in repr(paper)
    assert [said.who for said in paper.reports] == ["王** 138****2207"]
    assert any("138****2207" in line.note for line in paper.lines)
    assert (paper.taken_by, paper.taken_at) == ("黄志强", LATER)
    assert paper.resolution == "灯头烧坏,已换新"


def test_who_gave_a_tip_off_is_not_even_masked(handler: Person, db: None) -> None:
    tip = file_report(nature="tip_off")
    paper = paper_of(tip, handler.user, at=LATER)
    assert "王" not in paper.reports[0].who
    assert "2207" not in paper.reports[0].who


def test_a_pdf_with_pictures_and_a_long_history(resolved_case: Incident, handler: Person) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (1600, 1200), "#9aa7b4").save(drawn, "JPEG")
    upload = SimpleUploadedFile("a.jpg", drawn.getvalue(), "image/jpeg")
    kept = store_picture(upload, at=LATER, user=handler.user)
    actions.add_photo(
        number=resolved_case.number,
        attachment=kept,
        stage=Attachment.Stage.AFTER,
        actor=handler.actor,
        at=LATER,
    )
    for count in range(40):
        text = f"第 {count} 次到场查看,灯已亮,已告知附近商户。" * 3
        actions.note(number=resolved_case.number, text=text, actor=handler.actor, at=LATER)
    pdf = draw(paper_of(resolved_case, handler.user, at=LATER))
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") >= 3
    assert b"/Subtype /Image" in pdf
    # Of a font of eight megabytes only the letters in use travel.
    assert len(pdf) < 400_000


def test_a_picture_whose_file_is_gone_leaves_its_place_out(resolved_case: Incident, handler: Person) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (16, 12)).save(drawn, "JPEG")
    upload = SimpleUploadedFile("a.jpg", drawn.getvalue(), "image/jpeg")
    kept = store_picture(upload, at=LATER, user=handler.user)
    actions.add_photo(
        number=resolved_case.number, attachment=kept, stage="after", actor=handler.actor, at=LATER
    )
    kept.file.storage.delete(kept.file.name)
    assert draw(paper_of(resolved_case, handler.user, at=LATER)).startswith(b"%PDF-")
