from slipway.security import _policies_kinds as kinds

ROLE = "arn:aws:airflow:eu-west-1:123456789012:role/acme-dev/User"


def test_calling_airflow_is_calling_it_in_one_role_of_one_environment() -> None:
    kind = kinds.kind_of("uses", ROLE)
    assert kind.says == "a role in an Airflow environment"
    [grant] = kind.uses
    assert (grant.actions, grant.resources(ROLE)) == (("airflow:InvokeRestApi",), [ROLE])
