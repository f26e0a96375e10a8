"""What dashboards keeps of its own: cells of counted facts, and what was made of them."""

from dashboards.models.briefs import (
    Brief,
    BriefAbout,
    BriefEdition,
    BriefEntry,
    BriefKind,
    BriefPaper,
    BriefRun,
    BriefSubscription,
)
from dashboards.models.datasets import (
    DataEvent,
    DataRequest,
    DataRule,
    Download,
    Snapshot,
    SnapshotFile,
)
from dashboards.models.displays import ScreenDisplay
from dashboards.models.forecasts import Forecast
from dashboards.models.projects import Project, ProjectCase, ProjectEvent, ProjectItem
from dashboards.models.rollups import Check, Compaction, Rollup, Unfolded, Word
from dashboards.models.scoring import Appeal, Edition, Exclusion, Ruling, ScoringPeriod, Standing
from dashboards.models.simulation import SimulationRun
from dashboards.models.warning_events import WarningEvent
from dashboards.models.warnings import (
    CountedDay,
    PastTalk,
    RepeatRule,
    RepeatRuleRevision,
    Warning,
    WarningCase,
    WarningSweep,
)

__all__ = [
    "Appeal",
    "Brief",
    "BriefAbout",
    "BriefEdition",
    "BriefEntry",
    "BriefKind",
    "BriefPaper",
    "BriefRun",
    "BriefSubscription",
    "Check",
    "Compaction",
    "CountedDay",
    "DataEvent",
    "DataRequest",
    "DataRule",
    "Download",
    "Edition",
    "Exclusion",
    "Forecast",
    "PastTalk",
    "Project",
    "ProjectCase",
    "ProjectEvent",
    "ProjectItem",
    "RepeatRule",
    "RepeatRuleRevision",
    "Rollup",
    "Ruling",
    "ScoringPeriod",
    "ScreenDisplay",
    "SimulationRun",
    "Snapshot",
    "SnapshotFile",
    "Standing",
    "Unfolded",
    "Warning",
    "WarningCase",
    "WarningEvent",
    "WarningSweep",
    "Word",
]
