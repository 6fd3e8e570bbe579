from datetime import date, timedelta

import pytest
from slipway import versions


@pytest.mark.parametrize(
    ("version", "today", "said"),
    [
        ("1.36", date(2026, 11, 23), None),
        ("1.36", date(2027, 5, 3), None),
        ("1.36", date(2027, 5, 4), "ends on 2027-08-02 (90 days left)"),
        ("1.36", date(2027, 8, 2), "ends on 2027-08-02 (0 days left)"),
        ("1.36", date(2027, 8, 3), "ended on 2027-08-02"),
        ("1.35", date(2027, 1, 1), "ends on 2027-03-27 (85 days left)"),
    ],
)
def test_support_warning(version: str, today: date, said: str | None) -> None:
    warning = versions.support_warning(version, today)

    if said is None:
        assert warning is None
    else:
        assert warning == (
            f"Kubernetes {version}: standard support on EKS {said}; EKS then upgrades the cluster by itself. "
            "Newest accepted version: 1.37."
        )


def test_the_default_is_accepted_and_has_the_longest_published_support() -> None:
    assert list(versions.KUBERNETES_SUPPORT_ENDS) == ["1.35", "1.36", "1.37"]
    assert versions.KUBERNETES in versions.KUBERNETES_SUPPORT_ENDS


def test_minor_versions_are_compared_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "KUBERNETES_SUPPORT_ENDS", {"1.99": date(2030, 1, 1), "1.100": date(2030, 6, 1)})

    warning = versions.support_warning("1.99", date(2030, 1, 1))
    assert warning is not None
    assert "Newest accepted version: 1.100." in warning


def test_an_envoy_gateway_without_fixes_is_told() -> None:
    ends = versions.ENVOY_GATEWAY_SUPPORT_ENDS

    assert versions.envoy_gateway_warning(ends) is None
    assert versions.envoy_gateway_warning(ends + timedelta(days=1)) == (
        f"Envoy Gateway {versions.ENVOY_GATEWAY}: its support ended on {ends}; use a newer slipway."
    )
