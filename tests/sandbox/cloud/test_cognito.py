"""User pools: protected, tagged, with domains and scopes that are somebody's."""

from typing import Any

import pytest

from tests.sandbox.cloud.helpers import Call, refused


def make(aws: Call, name: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = aws("cognito-idp").create_user_pool(PoolName=name, **more)["UserPool"]
    return made


def test_a_protected_pool_stays(aws: Call) -> None:
    cognito, pool = aws("cognito-idp"), make(aws, "protected", DeletionProtection="ACTIVE")["Id"]
    with refused("InvalidParameterException", "deletion protection"):
        cognito.delete_user_pool(UserPoolId=pool)
    cognito.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")
    cognito.create_user_pool_domain(Domain="protected-pool", UserPoolId=pool)
    with refused("InvalidParameterException", "domain configured"):
        cognito.delete_user_pool(UserPoolId=pool)
    cognito.delete_user_pool_domain(Domain="protected-pool", UserPoolId=pool)
    cognito.delete_user_pool(UserPoolId=pool)


def test_what_only_a_creation_takes_survives_a_change(aws: Call) -> None:
    cognito = aws("cognito-idp")
    pool = make(aws, "changed", UsernameConfiguration={"CaseSensitive": False}, AliasAttributes=["email"])["Id"]
    cognito.update_user_pool(UserPoolId=pool, AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
    found = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert found["UsernameConfiguration"] == {"CaseSensitive": False}
    assert found["AliasAttributes"] == ["email"]
    assert found["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True


def test_a_domain_is_one_pools(aws: Call) -> None:
    cognito, first, second = aws("cognito-idp"), make(aws, "first")["Id"], make(aws, "second")["Id"]
    cognito.create_user_pool_domain(Domain="taken", UserPoolId=first)
    with refused("InvalidParameterException", "already associated with another"):
        cognito.create_user_pool_domain(Domain="taken", UserPoolId=second)
    with refused("InvalidParameterException", "already has a domain"):
        cognito.create_user_pool_domain(Domain="more", UserPoolId=first)


def test_resource_servers_and_scopes(aws: Call) -> None:
    cognito, pool = aws("cognito-idp"), make(aws, "scoped")["Id"]
    server = {"UserPoolId": pool, "Identifier": "models"}
    scopes = [{"ScopeName": "predict", "ScopeDescription": "p"}]
    cognito.create_resource_server(**server, Name="models", Scopes=scopes)
    client = {"UserPoolId": pool, "ClientName": "c"}
    with refused("ScopeDoesNotExistException", "models/explain"):
        cognito.create_user_pool_client(**client, AllowedOAuthScopes=["models/explain"])
    made = cognito.create_user_pool_client(**client, AllowedOAuthScopes=["models/predict", "openid"])["UserPoolClient"]
    cognito.update_resource_server(**server, Name="all models", Scopes=[*scopes, {**scopes[0], "ScopeName": "explain"}])
    found = cognito.describe_resource_server(**server)["ResourceServer"]
    assert (found["Name"], [scope["ScopeName"] for scope in found["Scopes"]]) == ("all models", ["predict", "explain"])
    change = {"UserPoolId": pool, "ClientId": made["ClientId"]}
    cognito.update_user_pool_client(**change, AllowedOAuthScopes=["models/explain"])
    with refused("ScopeDoesNotExistException"):
        cognito.update_user_pool_client(**change, AllowedOAuthScopes=["models/none"])
    cognito.delete_resource_server(**server)
    for operation in (cognito.delete_resource_server, cognito.describe_resource_server):
        with refused("ResourceNotFoundException"):
            operation(**server)


@pytest.mark.parametrize("tags", [{}, {"team": "ml"}])
def test_tags(aws: Call, tags: dict[str, str]) -> None:
    cognito, pool = aws("cognito-idp"), make(aws, "tagged", **({"UserPoolTags": tags} if tags else {}))
    assert cognito.list_tags_for_resource(ResourceArn=pool["Arn"])["Tags"] == tags
    cognito.tag_resource(ResourceArn=pool["Arn"], Tags={"data-class": "personal"})
    cognito.untag_resource(ResourceArn=pool["Arn"], TagKeys=["team"])
    assert cognito.list_tags_for_resource(ResourceArn=pool["Arn"])["Tags"] == {"data-class": "personal"}
