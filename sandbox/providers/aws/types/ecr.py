"""Container repositories."""

from sandbox.providers.aws.table import Call, Tags, Type

_REPOSITORY = {"repositoryName": "id"}
_POLICY_OF = {"repositoryName": "repository"}
_ARN = {"resourceArn": "repositoryArn || arn"}
_LIFECYCLE = Call("PutLifecyclePolicy", {**_POLICY_OF, "lifecyclePolicyText": "policy"})
_POLICY = Call("SetRepositoryPolicy", {**_POLICY_OF, "policyText": "policy"})

TYPES = [
    Type(
        "aws:ecr/repository:Repository",
        client="ecr",
        create=Call("CreateRepository", {"repositoryName": "name"}, at="repository"),
        id="repositoryName || name",
        id_parts="{name}",
        read=(Call("DescribeRepositories", {"repositoryNames": "[id || name]"}, at="repositories[0]"),),
        update=(
            Call("PutImageTagMutability", _REPOSITORY),
            Call(
                "PutImageScanningConfiguration",
                {**_REPOSITORY, "imageScanningConfiguration": "imageScanningConfiguration || {scanOnPush: `false`}"},
            ),
        ),
        delete=(Call("DeleteRepository", {**_REPOSITORY, "force": "forceDelete"}),),
        name="name",
        replace=frozenset({"name", "encryptionConfigurations", "region"}),
        defaults={"imageTagMutability": "MUTABLE"},
        local=frozenset({"forceDelete"}),
        back={
            "name": "repositoryName",
            "encryptionConfigurations": "[encryptionConfiguration]",
            "imageTagMutabilityExclusionFilters": "imageTagMutabilityExclusionFilters",
        },
        outputs={"arn": "repositoryArn", "registryId": "registryId", "repositoryUrl": "repositoryUri"},
        tags=Tags(Call("TagResource", _ARN), Call("UntagResource", _ARN), Call("ListTagsForResource", _ARN, at="tags")),
    ),
    Type(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        client="ecr",
        create=_LIFECYCLE,
        update=(_LIFECYCLE,),
        id="repository",
        id_parts="{repository}",
        read=(Call("GetLifecyclePolicy", _POLICY_OF),),
        delete=(Call("DeleteLifecyclePolicy", _POLICY_OF),),
        replace=frozenset({"repository", "region"}),
        back={"policy": "lifecyclePolicyText"},
        outputs={"registryId": "registryId"},
    ),
    Type(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        client="ecr",
        create=_POLICY,
        update=(_POLICY,),
        id="repository",
        id_parts="{repository}",
        read=(Call("GetRepositoryPolicy", _POLICY_OF),),
        delete=(Call("DeleteRepositoryPolicy", _POLICY_OF),),
        replace=frozenset({"repository", "region"}),
        back={"policy": "policyText"},
        outputs={"registryId": "registryId"},
    ),
]
