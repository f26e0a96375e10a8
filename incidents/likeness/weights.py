"""The weights of the comparison, written by `python -m benchmarks.duplicates_fit`: how they were
fitted, and what came of it, is told there and in docs/decisions/0004."""

INTERCEPT = -4.827
WEIGHTS: dict[str, float] = {
    "matter": 1.676,
    "setting": -1.370,
    "again": 3.250,
    "rare": 1.464,
    "clash": -0.779,
    "names": 1.725,
    "numbers": 3.664,
    "near": 7.603,
    "no_point": 2.862,
    "hours": -0.500,
    "category": 1.110,
    "facility": 2.000,
}
# From here on a report joins by itself.
CERTAIN = 0.931
