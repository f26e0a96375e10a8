"""What boards judge by, early warning, briefs, scores, and the demonstration."""

from config.settings.base import env

# --- counting ---------------------------------------------------------------------------------
# What the boards judge by. The two durations are what Longgang published for itself after its own
# platform had started (before it: 5.4 h and 12.06 days); the two shares are Shenzhen's best published.
BOARD_TARGETS = {
    "dispatch_mean": env.float("TARGET_DISPATCH_HOURS", default=1.22),
    "handle_mean": env.float("TARGET_HANDLE_DAYS", default=6.64),
    "on_time": env.float("TARGET_ON_TIME", default=0.99),
    "satisfied": env.float("TARGET_SATISFIED", default=0.99),
    # Shenzhen's best published, and the 70 % of Shanghai's Tangqiao.
    "first_right": env.float("TARGET_FIRST_RIGHT", default=0.98),
    "automatic": env.float("TARGET_AUTOMATIC", default=0.70),
}
# The colour grades of the composite score, from the best: the least of each; what has less is "poor".
BOARD_GRADES = tuple(
    zip(
        ("excellent", "good", "fair"), env.list("GRADES", cast=float, default=[95.0, 85.0, 70.0]), strict=True
    )
)

# 突发预警: false alarms to be expected a week at most, all places, matters and windows together. Fewer
# make it slower and blinder: docs/warning.md has what was measured.
WARNING_FALSE_ALARMS_PER_WEEK = env.float("WARNING_FALSE_ALARMS_PER_WEEK", default=1.0)

# 苗头: the same for phrases that begin to be said.
WARNING_FALSE_THEMES_PER_WEEK = env.float("WARNING_FALSE_THEMES_PER_WEEK", default=1.0)

# How many hours the draft of a brief waits for somebody's words before it goes out by itself: the weekly
# one is mailed as it is made, on Monday at eight; the monthly one, of the 1st at eight, after three days.
BRIEF_DRAFT_HOURS = {
    "week": env.int("BRIEF_WEEK_HOURS", default=0),
    "month": env.int("BRIEF_MONTH_HOURS", default=72),
}

# How long units may appeal against a published score: working days end when the offices close.
SCORING_APPEALS = env("SCORING_APPEALS", default="5wd")

# --- the demo ---------------------------------------------------------------------------------
# SEED=0 starts with the reference data and no cases.
SEED = env.bool("SEED", default=True)
# How many days of history are played behind the demo's pages, once they are open.
DEMO_DAYS = env.int("DEMO_DAYS", default=85)
