"""REST, the residents' form and Open311: bounds, throttles, and how the document is made."""

from config.settings.base import SECRET_KEY, env
from config.settings.pages import NUM_PROXIES

# Bounded everything: a request body is 10 MB at most, a report's text 5,000 characters.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
REPORT_TEXT_MAX = 5_000
BATCH_MAX = 1_000
ATTACHMENT_MAX_BYTES = 10 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "incidents.api.authentication.ApiClientAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["incidents.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["incidents.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "incidents.api.negotiation.JSONWhateverIsAsked",
    "DEFAULT_FILTER_BACKENDS": ["incidents.api.filters.StrictFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["incidents.api.throttles.PerMinute"],
    "DEFAULT_SCHEMA_CLASS": "incidents.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "incidents.api.errors.problem_handler",
    "NUM_PROXIES": NUM_PROXIES,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
# Requests a minute that one token or person may make of one web process; 0: no limit.
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=12_000)
# What signs the place inside printed codes, newest first. A plate hangs for years: when SECRET_KEY changes,
# or this does, the old one stays in the list, or the plates that it signed are no longer believed.
PLACE_CODE_KEYS = env.list("PLACE_CODE_KEYS", default=[]) or [SECRET_KEY]
# The residents' form. From so many reports of one address within ten minutes on, and from so many of all
# together within a minute on, a browser is asked for a proof of work before the next one (without scripts:
# to wait a little); 0: never. Counted by each web process for itself.
FORM_FREE_PER_ADDRESS = env.int("FORM_FREE_PER_ADDRESS", default=10)
FORM_FREE_PER_MINUTE = env.int("FORM_FREE_PER_MINUTE", default=60)
# Even so, one address files so many within ten minutes (many households share one address of their
# provider), and one telephone number within an hour; 0: no limit.
FORM_MOST_PER_ADDRESS = env.int("FORM_MOST_PER_ADDRESS", default=60)
FORM_MOST_PER_PHONE = env.int("FORM_MOST_PER_PHONE", default=10)
# Hashes that a proof takes on average: 65,536 are about half a second to three of a phone.
FORM_PROOF_HASHES = env.int("FORM_PROOF_HASHES", default=65_536)
# How long a browser without scripts waits instead.
FORM_WAIT_SECONDS = env.int("FORM_WAIT_SECONDS", default=20)
# Open311: requests a minute that one address may make of one web process, with a key or without; 0: no limit.
OPEN311_REQUESTS_PER_MINUTE = env.int("OPEN311_REQUESTS_PER_MINUTE", default=300)
# Addresses below which the media_url of a request may lie, like https://photos.example.org/reports/;
# none: pictures come as files only.
OPEN311_MEDIA = env.list("OPEN311_MEDIA", default=[])
# Whom to ask about the interface, and for a key.
OPEN311_CONTACT = env.str("OPEN311_CONTACT", default="")
SPECTACULAR_SETTINGS = {
    "TITLE": "Yiwang REST API",
    "DESCRIPTION": "Reports in, decisions and incidents out: one network for the whole district.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "TAGS": [
        {"name": "reports", "description": "Reports in, and what became of them."},
        {"name": "incidents", "description": "Cases, what happened to them, and what people do to them."},
        {"name": "kpis", "description": "What the cases add up to."},
        {"name": "datasets", "description": "Data sets to take away, and who may have them."},
        {"name": "reference", "description": "Categories, areas, units and the responsibility list."},
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "Source": "dispatch.vocabulary.Source",
        "Nature": "dispatch.vocabulary.Nature",
        "Urgency": "dispatch.vocabulary.Urgency",
        "Level": "dispatch.vocabulary.Level",
        "PlaceType": "dispatch.vocabulary.PlaceType",
        "IncidentStatus": "incidents.models.incident.Status",
        "ResolutionOutcome": "incidents.models.incident.ResolutionOutcome",
        "DecisionOutcome": ["dispatched", "triage"],
        "PlaceHow": ["point", "address", "area", "none"],
        "AreaKind": "grids.models.Area.Kind",
        "UnitKind": "accounts.models.OrgUnit.Kind",
        "UpdateKind": "incidents.models.report.ReportUpdate.Kind",
        "AttachmentStage": "incidents.models.report.Attachment.Stage",
        "SupportAnswer": "incidents.models.assignment.Assignment.Answer",
        "SendingEnd": "incidents.models.assignment.Assignment.End",
        "OrderLevel": "incidents.models.supervision.Supervision.Level",
        "OrderEnd": "incidents.models.supervision.Supervision.End",
        "OrderCause": "incidents.models.supervision.Supervision.Cause",
        "InstructionEnd": "incidents.models.instructing.Instruction.End",
        "InstructionPartState": "incidents.models.instructing.InstructionPart.State",
        "DisputeCause": "incidents.models.adjudication.Adjudication.Cause",
        "DisputeOutcome": "incidents.models.adjudication.Adjudication.Outcome",
        "StandingVerdict": "dashboards.models.scoring.Standing.Verdict",
        "ClockKind": "incidents.models.timers.Timer.Kind",
        "ClockState": ["running", "paused", "stopped"],
        "ProjectLine": "dashboards.models.projects.ProjectItem.Kind",
        "PauseKind": "incidents.models.incident.PauseKind",
        "PauseEnd": "incidents.models.timers.Pause.End",
        "RequestKind": "incidents.models.assignment.CaseRequest.Kind",
        "RequestAnswer": "incidents.models.assignment.CaseRequest.Answer",
        "LateFact": "incidents.models.calls.LateEntry.Fact",
        "LateState": "incidents.models.calls.LateEntry.State",
        "CallPurpose": "incidents.models.calls.PhoneCall.Purpose",
        "BriefEntryKind": ["problem", "followed", "decision", "outlook"],
        "MediationKind": "incidents.models.mediation.Mediation.Kind",
        "MediationState": "incidents.models.mediation_file.MediationFile.State",
        "MediationSide": "incidents.models.mediation_file.MediationParty.Side",
        "MediationNext": "incidents.models.mediation_file.MediationFile.Next",
        "MediationSessionResult": "incidents.models.mediation_file.MediationSession.Result",
        "MediationConfirmedHow": "incidents.models.mediation_file.MediationConfirmation.How",
        "MediationFollowUpHow": "incidents.models.mediation_file.MediationFollowUp.How",
        "MediationFollowUpResult": "incidents.models.mediation_file.MediationFollowUp.Result",
        "Crs": "grids.coordinates.SYSTEMS",
    },
}
