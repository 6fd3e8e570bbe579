"""Ratios, verdicts and the exit code."""

import pytest

from bench.result import Ratio, Result, Verdict, exit_code


def compared(rounds: list[float], limit: float) -> Verdict:
    return Result.compared("a goal", Ratio.of(rounds), limit, "").verdict


def test_a_ratio_is_the_median_of_its_rounds_with_twice_the_standard_error() -> None:
    ratio = Ratio.of([1.0, 1.2, 1.1])
    assert ratio.value == pytest.approx(1.1)
    assert ratio.noise == pytest.approx(2 * 0.1 / 3**0.5)
    assert ratio.rounds == 3


def test_one_round_has_no_noise_that_could_excuse_it() -> None:
    assert Ratio.of([1.2]).noise == 0.0
    with pytest.raises(ValueError, match="rounds: accepted: at least one ratio: received: none"):
        Ratio.of([])


def test_a_goal_is_met_at_its_limit_and_within_its_noise() -> None:
    assert compared([1.1], 1.1) is Verdict.MET
    assert compared([1.09, 1.12, 1.15], 1.1) is Verdict.MET


def test_a_goal_is_missed_beyond_its_noise() -> None:
    assert compared([1.2, 1.201, 1.199], 1.1) is Verdict.MISSED


def test_noise_excuses_no_more_than_a_tenth_of_the_goal() -> None:
    assert compared([0.9, 1.5, 2.1], 1.1) is Verdict.MISSED


def test_a_ratio_that_is_met_does_not_hide_a_problem() -> None:
    result = Result.compared("a goal", Ratio.of([0.5]), 1.1, "figures", ["x loads y"])
    assert result.verdict is Verdict.MISSED
    assert "x loads y" in result.line()


def test_a_check_is_missed_with_its_problems_and_met_without() -> None:
    assert Result.checked("a goal", [], "fine").line() == "met      a goal\n         fine"
    assert Result.checked("a goal", ["one", "two"], "fine").line() == "missed   a goal\n         one; two"


def test_a_missed_goal_fails_the_run_and_a_skipped_one_is_seen() -> None:
    met, missed = Result.checked("a", [], ""), Result.checked("b", ["wrong"], "")
    skipped = Result.skipped("c", "pulumi is not on PATH")
    assert exit_code([met, skipped]) == 0
    assert exit_code([met, missed, skipped]) == 1
    assert skipped.line() == "skipped  c\n         pulumi is not on PATH"
    assert skipped.as_json("split", 0.04) == {
        "name": "split",
        "goal": "c",
        "verdict": "skipped",
        "ratio": None,
        "limit": None,
        "detail": "pulumi is not on PATH",
        "seconds": 0.0,
    }


def test_the_figures_are_printed_with_their_noise_and_rounds() -> None:
    result = Result.compared("a goal", Ratio.of([1.0, 1.0]), 1.1, "2 seconds")
    assert result.line() == "met      a goal\n         1.00x (+/- 0.00, 2 rounds) of 1.1x; 2 seconds"
    assert result.as_json("x", 1.0)["ratio"] == {"value": 1.0, "noise": 0.0, "rounds": 2}
