"""Cells of counted facts: folded, made anew, and proved."""

from dashboards.folding import BATCH, LOCK, cell_count, fold, fold_all, waiting
from dashboards.recounting import differences, rebuild

__all__ = ["BATCH", "LOCK", "cell_count", "differences", "fold", "fold_all", "rebuild", "waiting"]
