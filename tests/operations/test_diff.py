"""What differs between two releases."""

from slipway_ops.diff import differences, flat

from tests.operations.world import World, training


def test_fields_are_compared_one_by_one(world: World) -> None:
    before = world.release()
    features = training()["feature_schema"]
    after = world.release(
        settings={"MAX_IN_FLIGHT": "8"},
        metrics={"accuracy": {"value": 0.8, "rows": 27915}},
        feature_schema=[*features, {"name": "dow", "type": "integer"}],
        previous=before.id,
    )
    assert [str(difference) for difference in differences(before, after)] == [
        "content.feature_schema: ['distance', 'carrier'] -> ['distance', 'carrier', 'dow']",
        "content.feature_schema.dow.nullable: none -> False",
        "content.feature_schema.dow.type: none -> integer",
        "content.metrics.accuracy.value: 0.7825 -> 0.8",
        "content.metrics.brier.rows: 27915 -> none",
        "content.metrics.brier.value: 0.16 -> none",
        f"content.previous: none -> {before.id}",
        "content.settings.DECISION_THRESHOLD: 0.4 -> none",
        "content.settings.MAX_IN_FLIGHT: none -> 8",
        f"id: {before.id} -> {after.id}",
    ]


def test_the_order_of_features_is_a_difference_of_its_own(world: World) -> None:
    features = training()["feature_schema"]
    found = differences(world.release(), world.release(feature_schema=features[::-1]))
    assert [difference.field for difference in found] == ["content.feature_schema", "id"]


def test_a_release_does_not_differ_from_itself(world: World) -> None:
    release = world.release()
    assert differences(release, release) == []
    assert flat(release)["content.dataset.revision"] == "0.0.3"
