"""What is found in production that is as training was, and in production that is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slipway_ops.content import Feature

from tests.operations.drift.shop import Shop, rows


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def names(record: Any, alone: bool = True) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in record.findings if one.alone is alone}


def test_of_days_in_which_nothing_changed_at_most_one_in_twenty_alarms(tmp_path: Path) -> None:
    """Training's own rows in another order, 200 days of them: over all features, at the smallest sample that counts."""
    shop = Shop(tmp_path)
    profile = shop.train(6000)
    rng = np.random.default_rng(11)
    base = rows(6000, rng)
    alarms = 0
    for number in range(200):
        some = rng.permutation(6000)[:600]
        day = Shop(tmp_path / f"day-{number}", rng)
        day.day(0, 600, **{name: column[some] for name, column in base.items()})
        alarms += day.look(profile, minimum_rows=500).alarm
    assert alarms <= 10


def test_a_shifted_feature_is_found_and_nothing_else(shop: Shop) -> None:
    profile = shop.train()
    shop.day(0, 3000, age=np.random.default_rng(1).lognormal(3.4, 0.5, 3000))
    record = shop.look(profile)
    assert record.alarm
    assert names(record) == {("feature", "age")}
    assert record.features["age"].changed
    assert record.features["age"].psi > 0.2 > record.features["amount"].psi
    assert record.reason.startswith("feature age: PSI 0.")


def test_another_mix_of_a_category_is_found(shop: Shop) -> None:
    profile = shop.train()
    shop.day(0, 3000, shop=np.random.default_rng(1).choice(["north", "south", "west"], 3000, p=[0.2, 0.3, 0.5]))
    record = shop.look(profile)
    assert names(record) == {("feature", "shop")}
    assert record.features["shop"].picture.labels == ["north", "south", "west", "others"]


def test_a_small_sample_never_alarms(shop: Shop) -> None:
    profile = shop.train()
    shop.day(0, 499, age=np.full(499, 900.0), shop=np.full(499, "moon"), label=np.zeros(499, np.int64))
    record = shop.look(profile)
    assert (record.alarm, record.findings) == (False, [])
    assert record.reason == "too few answered requests: accepted: at least 500: received: 499"
    shop.day(0, 1, age=np.full(1, 900.0))
    assert shop.look(profile).alarm


def test_a_small_reference_never_alarms(shop: Shop) -> None:
    profile = shop.train(300)
    shop.day(0, 2000, age=np.full(2000, 900.0))
    assert not shop.look(profile).alarm


def test_without_events_nothing_is_said(shop: Shop) -> None:
    profile = shop.train()
    for folder in ("predictions", "labels"):
        (shop.root / folder).mkdir()
    record = shop.look(profile)
    assert (record.rows, record.alarm) == (0, False)
    assert not any(one.enough for one in record.features.values())


def test_what_changes_with_the_season_does_not_alarm_alone(shop: Shop) -> None:
    """Six weeks of training, each with weather of its own: another such week is no news, and neither is a worse one."""
    rng = np.random.default_rng(4)
    count = 12_000
    week = np.repeat(np.arange(6), count // 6)
    ts = np.datetime64("2026-06-01T00:00:00") + (week * 7 * 86_400 + rng.integers(0, 7 * 86_400, count)).astype("m8[s]")
    profile = shop.train(count, amount=rng.normal(week * 1.5, 1, count), ts=ts.astype("M8[us]"))
    usual = profile.features["amount"].usual
    assert usual.blocks == 6
    assert usual.psi > 1
    assert profile.features["age"].usual.psi < 0.1
    shop.day(0, 2000, amount=rng.normal(20, 1, 2000))
    record = shop.look(profile)
    assert not record.alarm
    assert names(record, alone=False) == {("feature", "amount")} - names(record)
    assert record.features["amount"].seasonal
    assert record.reason.startswith("only what changes with the season: feature amount: PSI ")


def test_a_feature_can_be_declared_seasonal(shop: Shop) -> None:
    profile = shop.train()
    shop.day(0, 3000, age=np.random.default_rng(1).lognormal(3.4, 0.5, 3000))
    assert not shop.look(profile, seasonal=["age"]).alarm


def test_other_answers_are_drift_even_where_no_feature_changed(shop: Shop) -> None:
    profile = shop.train()
    score = np.random.default_rng(2).beta(2, 5, 3000)
    shop.day(0, 3000, score=score, prediction=score > 0.5)
    assert names(shop.look(profile, labels=False)) == {("prediction", "score"), ("prediction", "prediction")}


def test_missing_values_and_unseen_ones_are_found(shop: Shop) -> None:
    declared = [
        Feature(name="age", type="number", minimum=0),
        Feature(name="shop", type="category", categories=["north", "south", "west"]),
        Feature(name="weekday", type="integer", minimum=0, maximum=6),
    ]
    profile = shop.train(features=declared)
    age: list[float | None] = [float(value) for value in rows(2000, shop.rng)["age"]]
    age[::5] = [None] * 400
    place = ["moon" if number % 20 == 0 else "north" if number % 5 else "south" for number in range(2000)]
    weekday = np.array([9 if number % 10 == 0 else number % 7 for number in range(2000)])
    shop.day(0, 2000, age=age, shop=place, weekday=weekday)
    record = shop.look(profile)
    found = {(one.kind, one.name): one.detail for one in record.findings}
    assert found["missing", "age"] == "20.0% missing, 0.0% at training"
    assert found["unexpected", "shop"] == "5.0% never seen in training, 0.0% at training"
    assert found["unexpected", "weekday"] == "10.0% out of range, 0.0% at training"


def test_a_feature_that_is_not_sent_any_more_is_missing(shop: Shop) -> None:
    profile = shop.train()
    shop.day(0, 1000, member=None)
    record = shop.look(profile)
    assert names(record) == {("missing", "member")}
    assert record.features["member"].missing == 1


def test_worse_quality_is_found_from_labels_with_its_interval(shop: Shop) -> None:
    profile = shop.train()
    assert sorted(profile.quality) == ["accuracy", "brier", "roc_auc"]
    rng = np.random.default_rng(3)
    shop.day(0, 3000, label=rng.integers(0, 2, 3000))
    record = shop.look(profile)
    assert names(record) == {("quality", "roc_auc"), ("quality", "accuracy")}
    area = record.quality["roc_auc"]
    assert area.lower < 0.5 < area.upper < area.reference.value - 0.03
    assert area.worse
    assert record.events["labels"]["used"] == 3000
    assert not shop.look(profile, labels=False).alarm
    assert shop.look(profile, quality={}).quality == {}


def test_late_labels_do_not_count(shop: Shop) -> None:
    profile = shop.train()
    shop.day(0, 2000)
    record = shop.look(profile, label_window_minutes=0)
    assert record.quality["roc_auc"].rows == 2000  # these labels are as old as their predictions


def test_other_releases_shadows_and_failed_requests_are_not_looked_at(shop: Shop) -> None:
    profile = shop.train()
    shop.day(0, 800)
    shop.day(0, 700, variant="canary")
    shop.day(0, 50, variant="shadow", age=np.full(50, 900.0))
    shop.day(0, 60, release="demand-20260801-bbbbbbbb")
    shop.day(1, 70)
    record = shop.look(profile, days=1)
    assert record.rows == 1500
    seen = record.events["predictions"]
    assert (seen["other_variant"], seen["other_release"], seen["read"]) == (50, 60, 1610)
    assert not record.alarm


def test_the_same_events_give_the_same_record(shop: Shop) -> None:
    profile = shop.train()
    for number in range(3):
        shop.day(number, 700)
    one, other = (shop.look(profile, days=3) for _ in range(2))
    assert one.json_bytes() == other.json_bytes()
    assert one.dedupe_key == "drift-demand-2026-11-01T00:00:00.000000Z-2026-11-04T00:00:00.000000Z"
