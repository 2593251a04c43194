"""What the benchmark does with what it has measured."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "loadtest"))

from bench_support import figures  # noqa: E402
from bench_support.figures import Target  # noqa: E402

ALL_PARTS = list(figures.FIGURES)


def whole_result():
    """Each figure exactly at its target, or just under it where it has to be below."""
    result = {}
    for figure in (figure for part in ALL_PARTS for figure in figures.FIGURES[part]):
        value = 1.0 if figure.target is None else figure.target.value * (0.999 if figure.target.relation == "<" else 1)
        result[figure.key] = {"one": value / 2, "another": value} if figure.key.startswith("cold") else value
    return result


@pytest.mark.parametrize("share, expected", [(0.5, 50), (0.99, 99), (0.991, 100), (1, 100), (0.001, 1)])
def test_a_percentile_is_the_smallest_value_that_covers_the_share(share, expected):
    assert figures.percentile(list(range(100, 0, -1)), share) == expected


@pytest.mark.parametrize("values, share", [([], 0.5), ([1], 0), ([1], 1.01)])
def test_there_is_no_percentile_of_nothing(values, share):
    with pytest.raises(ValueError):
        figures.percentile(values, share)


def test_a_ratio_compares_what_was_measured_in_the_same_round():
    # The machine was ten times as slow in the second round, and only one of the two was disturbed in the third.
    assert figures.median_ratio([90, 9, 30], [100, 10, 100]) == pytest.approx(0.9)
    with pytest.raises(ValueError):
        figures.median_ratio([1, 2], [1])


@pytest.mark.parametrize("limit", [1, 2999, 3000, 10_000, 123_456])
def test_the_search_comes_near_the_highest_rate_and_never_above(limit):
    tried = []

    def holds(rate):
        tried.append(rate)
        return rate <= limit
    found = figures.highest_rate(holds, 3000, bisections=4)
    assert found == 0 or found in tried
    assert found <= limit
    assert limit < 400 or found > 0.8 * limit
    assert len(tried) <= 17


def test_the_search_ends_where_every_rate_holds():
    tried = []
    figures.highest_rate(lambda rate: tried.append(rate) or True, 1500, growths_max=5)
    assert len(tried) == 5 and figures.highest_rate(lambda rate: True, 1500, growths_max=5) == tried[-1]


def test_the_search_finds_nothing_where_no_rate_holds():
    assert figures.highest_rate(lambda rate: False, 1500) == 0


@pytest.mark.parametrize("relation, held, not_held", [(">=", [2, 3], [1.99]), ("<=", [2, 1], [2.01]), ("<", [1.99], [2, 3])])
def test_targets_hold_at_the_right_side(relation, held, not_held):
    target = Target(relation, 2)
    assert all(target.holds(value) for value in held) and not any(target.holds(value) for value in not_held)


def test_a_whole_result_is_not_broken_and_misses_nothing():
    assert figures.broken_figures(whole_result(), ALL_PARTS) == []
    assert figures.missed_targets(whole_result(), ALL_PARTS) == []
    assert not any("MISSED" in line for line in figures.table(whole_result(), ALL_PARTS))


@pytest.mark.parametrize("value", [None, 0, -1, float("nan"), float("inf"), "1", True, {}, {"one": 1, "another": None}])
def test_a_figure_that_is_no_number_above_zero_is_broken(value):
    assert figures.broken_figures({**whole_result(), "vs_go": value}, ALL_PARTS) == ["vs_go"]


def test_a_missing_figure_is_broken_only_where_its_part_ran():
    result = whole_result()
    del result["import_rss_mib"]
    assert figures.broken_figures(result, ALL_PARTS) == ["import_rss_mib"]
    assert figures.broken_figures(result, ["reads", "refresh"]) == []


def test_every_figure_that_was_asked_for_is_there():
    wanted = """l0_vs_static l0_gzip_vs_static_gzip l1_vs_proxy_floor l2_vs_proxy_floor vs_python vs_go p50_ms_at_1500rps p99_ms_at_1500rps
        max_rps_p99_under_10ms cold_growth_10m_vs_1m cold_p99_ms_10m import_vs_bulk_floor import_events_per_s import_rss_mib
        replica_rss_mib replica_cpu_us_per_request ready_seconds refresh_seconds_100_topics"""
    assert set(wanted.split()) <= set(whole_result())


def test_the_table_marks_what_was_missed_and_names_the_worst_endpoint():
    result = {**whole_result(), "l0_vs_static": 0.5, "cold_p99_ms_10m": {"quick": 1, "slow": 99.5}}
    lines = {line.split()[0]: line for line in figures.table(result, ALL_PARTS)}
    assert [key for key, line in lines.items() if "MISSED" in line] == ["l0_vs_static", "cold_p99_ms_10m"]
    assert "99.500" in lines["cold_p99_ms_10m"] and lines["cold_p99_ms_10m"].endswith(": slow")
    assert "MISSED" not in lines["max_rps_p99_under_10ms"] and "ok" not in lines["max_rps_p99_under_10ms"]
    assert figures.missed_targets(result, ALL_PARTS) == ["l0_vs_static", "cold_p99_ms_10m"]


def test_cold_answers_are_compared_by_their_medians():
    rows = figures.cold_rows({"events": [1, 2, 90], "counts": [4]}, {"events": [3, 3, 3, 40], "counts": [4], "new": [1]})
    assert rows["events"] == {"median_small_ms": 2, "median_large_ms": 3, "growth": 1.5, "p99_large_ms": 40, "requests": 4}
    assert rows["counts"]["growth"] == 1 and "new" not in rows
    lines = figures.cold_table(rows, (1000, 10_000))
    assert "at 10,000" in lines[0]
    assert [line.split()[0] for line in lines if line.endswith("MISSED")] == ["events"]
