"""The addresses of residents' pages, and of pictures."""

from django.urls import path

from accounts.preferences import type_size
from incidents import attachments
from incidents.pages import (
    place_codes,
    resident,
    resident_cases,
    resident_codes,
    resident_own,
    resident_photos,
    resident_public,
    resident_status,
)

urlpatterns = [
    path("report/", resident.words, name="report"),
    path("report/photos/", resident_photos.upload_photo, name="report-upload"),
    path("report/photos/<str:token>/", resident_photos.photo, name="report-photo"),
    path("report/<str:form_id>/", resident.words, name="report-words-again"),
    path("report/<str:form_id>/place/", resident.place, name="report-place"),
    path("report/<str:form_id>/same/", resident.same, name="report-same"),
    path("report/<str:form_id>/finish/", resident.finish, name="report-finish"),
    path("report/<str:form_id>/received/", resident.received, name="report-received"),
    path("r/", resident_status.look_up, name="resident-look-up"),
    path("r/<str:code>/", resident_status.follow, name="resident-status"),
    path("r/<str:code>/rating/", resident_status.rate, name="resident-rate"),
    path("r/<str:code>/reply/", resident_status.reply, name="resident-reply"),
    path("r/<str:code>/add/", resident_status.add, name="resident-add"),
    path("r/<str:code>/objection/", resident_status.objection, name="resident-object"),
    path("r/<str:code>/withdrawal/", resident_status.withdrawal, name="resident-withdraw"),
    path("r/<str:code>/photos/<uuid:photo_id>/", resident_status.case_photo, name="resident-photo"),
    path("r/<str:code>/texts/", resident_status.texts, name="resident-texts"),
    path("mine/", resident_own.ask, name="own-ask"),
    path("mine/code/", resident_own.prove, name="own-code"),
    path("mine/reports/", resident_own.own, name="own-reports"),
    path("mine/texts/", resident_own.stop, name="own-stop"),
    path("mine/leave/", resident_own.leave, name="own-leave"),
    path("q/", resident_codes.look_up, name="place-code-look-up"),
    path("q/<str:code>/", resident_codes.scanned, name="place-code"),
    path("q/<str:code>/<path:told>/", resident_codes.scanned, name="place-code-signed"),
    path("codes/", place_codes.sheets, name="place-codes"),
    path("codes/<str:community>/", place_codes.sheet, name="place-code-sheet"),
    path("codes/<str:community>/sheet.pdf", place_codes.sheet_pdf, name="place-code-pdf"),
    path("codes/<str:code>/retire/", place_codes.retire, name="place-code-retire"),
    path("codes/<str:code>/restore/", place_codes.restore, name="place-code-restore"),
    path("public/", resident_public.week, name="public-home"),
    path("public/cases/", resident_cases.cases, name="public-cases"),
    path("public/cases.geojson", resident_cases.points, name="public-points"),
    path("public/cases.csv", resident_cases.as_csv, name="public-csv"),
    path("public/cases.json", resident_cases.as_json, name="public-json"),
    path("public/cases/<str:number>/", resident_cases.case, name="public-case"),
    path("public/photos/<uuid:photo_id>.jpg", resident_public.photo, name="public-picture"),
    path("public/week.json", resident_public.week_map, name="public-week-map"),
    path("type-size/", type_size, name="type-size"),
    path("attachments/<uuid:attachment_id>/", attachments.attachment, name="attachment"),
]
