"""Keys and aliases."""

from sandbox.providers.aws.table import Call, Tags, Type, arn

_KEY = {"KeyId": "id"}

TYPES = [
    Type(
        "aws:kms/key:Key",
        client="kms",
        create=Call("CreateKey", {"KeySpec": "customerMasterKeySpec"}, at="KeyMetadata"),
        id="KeyId",
        claims=True,
        read=(
            Call("DescribeKey", _KEY, at="KeyMetadata"),
            Call("GetKeyPolicy", {**_KEY, "PolicyName": "'default'"}),
            Call("GetKeyRotationStatus", _KEY, into="rotation"),
        ),
        gone="KeyState=='PendingDeletion' || KeyState=='PendingReplicaDeletion'",
        settle=(
            Call("EnableKeyRotation", _KEY, when="enableKeyRotation"),
            Call("DisableKey", _KEY, when="isEnabled==`false`"),
        ),
        update=(
            Call("PutKeyPolicy", {**_KEY, "PolicyName": "'default'"}),
            Call("UpdateKeyDescription", {**_KEY, "Description": "description || ''"}),
            Call("DisableKeyRotation", _KEY, when="!enableKeyRotation"),
            Call("EnableKey", _KEY, when="isEnabled!=`false`"),
        ),
        delete=(Call("ScheduleKeyDeletion", {**_KEY, "PendingWindowInDays": "deletionWindowInDays"}),),
        replace=frozenset({"customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"}),
        defaults={"enableKeyRotation": False, "isEnabled": True, "multiRegion": False},
        local=frozenset({"deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"}),
        back={
            "policy": "Policy",
            "description": "Description",
            "enableKeyRotation": "rotation.KeyRotationEnabled",
            "rotationPeriodInDays": "rotation.RotationPeriodInDays",
            "isEnabled": "Enabled",
            "customerMasterKeySpec": "KeySpec",
        },
        outputs={"arn": "Arn", "keyId": "KeyId", "policy": "Policy", "multiRegion": "MultiRegion"},
        tags=Tags(Call("TagResource", _KEY), Call("UntagResource", _KEY), Call("ListResourceTags", _KEY, at="Tags")),
    ),
    Type(
        "aws:kms/alias:Alias",
        client="kms",
        create=Call("CreateAlias", {"AliasName": "name"}),
        id="name",
        id_parts="{name}",
        read=(Call("ListAliases", at="Aliases[?AliasName=='$id'] | [0]"),),
        update=(Call("UpdateAlias", {"AliasName": "id"}),),
        delete=(Call("DeleteAlias", {"AliasName": "id"}),),
        name="name",
        name_prefix="alias/",
        replace=frozenset({"name"}),
        back={
            "targetKeyId": "TargetKeyId && starts_with(given.targetKeyId || '', 'arn:') && "
            + arn("kms", "join('/', ['key', TargetKeyId])")
            + " || TargetKeyId"
        },
        outputs={"arn": "AliasArn", "targetKeyArn": arn("kms", "join('/', ['key', TargetKeyId])")},
    ),
]
