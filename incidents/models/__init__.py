"""What happened and whose turn it is: the rows of a case, from what was said to what came of it."""

from incidents.models.adjudication import Adjudication
from incidents.models.assignment import Assignment, CaseRequest, DecisionRecord, Verification
from incidents.models.bulk import BulkFile, BulkImport, BulkMapping, BulkPart
from incidents.models.callbacks import Callback
from incidents.models.calls import LateEntry, PhoneCall
from incidents.models.canned import CannedAnswer, CannedUse
from incidents.models.centre import Handover, HandoverCase, HandoverReading, QualitySample, QueueShare
from incidents.models.contact import Contact
from incidents.models.councils import BlockCell, BlockChange, BlockRole, CouncilMember
from incidents.models.doors import ChatMessage, Conversation, CouncilIssue, CouncilMeeting, Document
from incidents.models.following import PhoneProof, QuietReport
from incidents.models.incident import Incident, IncidentReport, SerialDay
from incidents.models.instructing import Instruction, InstructionPart, InstructionReport
from incidents.models.knowledge import Article, ArticleEdition, ArticleUse
from incidents.models.mediation import Mediation
from incidents.models.mediation_file import (
    MediationAgreement,
    MediationConfirmation,
    MediationFile,
    MediationFollowUp,
    MediationParty,
    MediationScan,
    MediationSession,
)
from incidents.models.notices import Channel, Notification, Parcel, Webhook
from incidents.models.opening import PublicPhoto, PublicWords
from incidents.models.outbox import OutboxMessage
from incidents.models.outcome import Outcome
from incidents.models.outer import (
    OuterArrival,
    OuterItem,
    OuterLink,
    OuterPage,
    OuterPhoto,
    OuterPushed,
    OuterState,
)
from incidents.models.presence import Presence
from incidents.models.privacy import DoomedFile, PrivacyAsk, PrivacyRequest
from incidents.models.reading import EmergencyAlarm, ModelSuggestion
from incidents.models.rehearsal import Rehearsal, RehearsalPart, RehearsedCase
from incidents.models.repeats import Repeat, RepeatAgain, RepeatCursor
from incidents.models.report import Attachment, Feedback, IdempotencyKey, Report, ReportUpdate, Text
from incidents.models.search import SearchPending, SearchRow
from incidents.models.secretary import SecretaryLetter
from incidents.models.sensing import (
    Alert,
    AlertCase,
    AlertDevice,
    AlertEpisode,
    AlertFeed,
    AlertInhibition,
    AlertMessage,
    AlertRule,
    AlertSetAside,
)
from incidents.models.submissions import Submission
from incidents.models.supervision import Supervision
from incidents.models.timeline import TimelineEntry
from incidents.models.timers import (
    ClockRule,
    DueAction,
    FiredStage,
    Pause,
    PendingStage,
    SweepBeat,
    Timer,
)
from incidents.models.upstream import UpstreamRequest, UpstreamReview
from incidents.models.views import SavedView

__all__ = [
    "Adjudication",
    "Alert",
    "AlertCase",
    "AlertDevice",
    "AlertEpisode",
    "AlertFeed",
    "AlertInhibition",
    "AlertMessage",
    "AlertRule",
    "AlertSetAside",
    "Article",
    "ArticleEdition",
    "ArticleUse",
    "Assignment",
    "Attachment",
    "BlockCell",
    "BlockChange",
    "BlockRole",
    "BulkFile",
    "BulkImport",
    "BulkMapping",
    "BulkPart",
    "Callback",
    "CannedAnswer",
    "CannedUse",
    "CaseRequest",
    "Channel",
    "ChatMessage",
    "ClockRule",
    "Contact",
    "Conversation",
    "CouncilIssue",
    "CouncilMeeting",
    "CouncilMember",
    "DecisionRecord",
    "Document",
    "DoomedFile",
    "DueAction",
    "EmergencyAlarm",
    "Feedback",
    "FiredStage",
    "Handover",
    "HandoverCase",
    "HandoverReading",
    "IdempotencyKey",
    "Incident",
    "IncidentReport",
    "Instruction",
    "InstructionPart",
    "InstructionReport",
    "LateEntry",
    "Mediation",
    "MediationAgreement",
    "MediationConfirmation",
    "MediationFile",
    "MediationFollowUp",
    "MediationParty",
    "MediationScan",
    "MediationSession",
    "ModelSuggestion",
    "Notification",
    "OutboxMessage",
    "Outcome",
    "OuterArrival",
    "OuterItem",
    "OuterLink",
    "OuterPage",
    "OuterPhoto",
    "OuterPushed",
    "OuterState",
    "Parcel",
    "Pause",
    "PendingStage",
    "PhoneCall",
    "PhoneProof",
    "Presence",
    "PrivacyAsk",
    "PrivacyRequest",
    "PublicPhoto",
    "PublicWords",
    "QualitySample",
    "QueueShare",
    "QuietReport",
    "Rehearsal",
    "RehearsalPart",
    "RehearsedCase",
    "Repeat",
    "RepeatAgain",
    "RepeatCursor",
    "Report",
    "ReportUpdate",
    "SavedView",
    "SearchPending",
    "SearchRow",
    "SecretaryLetter",
    "SerialDay",
    "Submission",
    "Supervision",
    "SweepBeat",
    "Text",
    "TimelineEntry",
    "Timer",
    "UpstreamRequest",
    "UpstreamReview",
    "Verification",
    "Webhook",
]
