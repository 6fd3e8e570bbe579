"""What each identity may do with the data, and what it may not."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.cloud.helpers import refused
from tests.sandbox.loop.conftest import Deployed

pytestmark = pytest.mark.sandbox

DATA, MODELS = "loop-datasets", "loop-models"
OWN, OTHER = "dvc/flight-delay/files/md5/00/11", "dvc/churn/files/md5/00/11"


@pytest.fixture(scope="module", autouse=True)
def _objects(deployed: Deployed) -> None:
    for bucket, key in (
        *((DATA, OWN), (DATA, OTHER), (DATA, "incoming/flight-delay/1/rows"), (DATA, "incoming/churn/1/rows")),
        *((DATA, "schemas/flight-delay.json"), (DATA, "schemas/churn.json")),
        *((MODELS, "mlflow/0/run/artifacts/model"), (MODELS, "releases/flight-delay/1.json")),
    ):
        deployed.s3().put_object(Bucket=bucket, Key=key, Body=b"x")


def get(bucket: str, key: str) -> Callable[[Any], Any]:
    return lambda s3: s3.get_object(Bucket=bucket, Key=key)


def put(bucket: str, key: str) -> Callable[[Any], Any]:
    return lambda s3: s3.put_object(Bucket=bucket, Key=key, Body=b"y")


def rid(bucket: str, key: str) -> Callable[[Any], Any]:
    return lambda s3: s3.delete_object(Bucket=bucket, Key=key)


def names(bucket: str, prefix: str = "") -> Callable[[Any], Any]:
    return lambda s3: s3.list_objects_v2(Bucket=bucket, Prefix=prefix)


ALLOWED = [
    ("trainer", get(DATA, OWN)),
    ("trainer", get(DATA, "incoming/flight-delay/1/rows")),
    ("trainer", get(DATA, "schemas/flight-delay.json")),
    ("trainer", names(DATA, "dvc/flight-delay/files/")),
    ("person", get(DATA, OWN)),
    ("person", names(DATA, "dvc/flight-delay/")),
    ("curator", get(DATA, OWN)),
    ("curator", put(DATA, "dvc/flight-delay/files/md5/22/33")),
    ("deliverer", put(DATA, "incoming/flight-delay/2/manifest.json")),
    ("tracker", get(MODELS, "mlflow/0/run/artifacts/model")),
    ("tracker", put(MODELS, "mlflow/0/run/artifacts/other")),
    ("collector", names(MODELS, "mlflow/0/")),
    ("collector", rid(MODELS, "mlflow/0/run/artifacts/gone")),
]
DENIED = [
    *[(who, get(DATA, OTHER)) for who in ("trainer", "person", "curator", "deliverer", "tracker")],
    *[(who, rid(DATA, OWN)) for who in ("trainer", "person", "curator", "deliverer")],
    *[(who, names(DATA)) for who in ("trainer", "person", "curator", "deliverer")],
    ("trainer", names(DATA, "dvc/churn/")),
    ("trainer", names(DATA, "dvc/")),
    ("trainer", put(DATA, "dvc/flight-delay/files/md5/44/55")),
    ("trainer", get(DATA, "schemas/churn.json")),
    ("trainer", get(DATA, "incoming/churn/1/rows")),
    ("trainer", get(MODELS, "releases/flight-delay/1.json")),
    ("person", put(DATA, "dvc/flight-delay/files/md5/44/55")),
    ("curator", put(DATA, OTHER)),
    ("curator", put(DATA, "schemas/flight-delay.json")),
    ("curator", put(DATA, "incoming/flight-delay/2/rows")),
    ("curator", put(MODELS, "dvc/flight-delay/files/md5/44/55")),
    ("deliverer", get(DATA, "incoming/flight-delay/1/rows")),
    ("deliverer", put(DATA, "incoming/churn/2/rows")),
    ("tracker", rid(MODELS, "mlflow/0/run/artifacts/model")),
    ("tracker", put(MODELS, "releases/flight-delay/2.json")),
    ("tracker", get(MODELS, "releases/flight-delay/1.json")),
    ("collector", put(MODELS, "mlflow/0/run/artifacts/other")),
    ("collector", rid(MODELS, "releases/flight-delay/1.json")),
]


@pytest.mark.parametrize(("who", "call"), ALLOWED, ids=[f"{n}-{who}" for n, (who, _) in enumerate(ALLOWED)])
def test_allowed(deployed: Deployed, who: str, call: Callable[[Any], Any]) -> None:
    call(deployed.s3(who))


@pytest.mark.parametrize(("who", "call"), DENIED, ids=[f"{n}-{who}" for n, (who, _) in enumerate(DENIED)])
def test_denied(deployed: Deployed, who: str, call: Callable[[Any], Any]) -> None:
    with refused("AccessDenied"):
        call(deployed.s3(who))


@pytest.mark.parametrize(
    ("who", "bucket", "key"), [("curator", DATA, OWN), ("tracker", MODELS, "mlflow/0/run/artifacts/model")]
)
def test_many_at_once_are_denied_one_by_one(deployed: Deployed, who: str, bucket: str, key: str) -> None:
    answer = deployed.s3(who).delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})

    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [(key, "AccessDenied")]
    assert deployed.s3().get_object(Bucket=bucket, Key=key)
