"""Web application firewalls."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_ACL = {"Id": "id", "Name": "name", "Scope": "scope"}
_ARN = {"ResourceARN": "ARN || arn"}
_LOGGING = Call(
    "PutLoggingConfiguration",
    {
        "LoggingConfiguration": "{ResourceArn: resourceArn, LogDestinationConfigs: logDestinationConfigs, "
        "RedactedFields: redactedFields, LoggingFilter: loggingFilter}"
    },
)
_ASSOCIATION = Call("AssociateWebACL", {"WebACLArn": "webAclArn"})


def _find(waf: Any, seen: Context) -> dict[str, Any] | None:
    for acl in waf.list_web_acls(Scope=seen["scope"])["WebACLs"]:
        if acl["Name"] == seen["name"]:
            found: dict[str, Any] = waf.get_web_acl(Id=acl["Id"], Name=seen["name"], Scope=seen["scope"])["WebACL"]
            return found
    return None


def _delete(waf: Any, seen: Context) -> None:
    """Whoever deletes shows that he saw the last change."""
    acl = {"Id": seen["id"], "Name": seen["name"], "Scope": seen["scope"]}
    waf.delete_web_acl(**acl, LockToken=waf.get_web_acl(**acl)["LockToken"])


TYPES = [
    Type(
        "aws:wafv2/webAcl:WebAcl",
        client="wafv2",
        create=Call("CreateWebACL", at="Summary"),
        id="Id",
        read=(Call("GetWebACL", _ACL, at="merge(WebACL, {LockToken: LockToken})"),),
        find=Code(_find),
        update=(Call("UpdateWebACL", {**_ACL, "LockToken": "lockToken", "Rules": "rules || `[]`"}),),
        delete=(Code(_delete),),
        name="name",
        replace=frozenset({"name", "scope", "region"}),
        back={"defaultAction": "{allow: DefaultAction.Allow, block: DefaultAction.Block}"},
        outputs={"arn": "ARN", "capacity": "Capacity", "lockToken": "LockToken"},
        tags=Tags(
            Call("TagResource", _ARN),
            Call("UntagResource", _ARN),
            Call("ListTagsForResource", _ARN, at="TagInfoForResource.TagList"),
        ),
    ),
    Type(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        client="wafv2",
        create=_ASSOCIATION,
        id="join(',', [webAclArn, resourceArn])",
        id_parts="{webAclArn},{resourceArn}",
        read=(Call("GetWebACLForResource", at="WebACL"),),
        gone="ARN!=webAclArn",
        delete=(Call("DisassociateWebACL"),),
        replace=frozenset({"webAclArn", "resourceArn", "region"}),
        back={"webAclArn": "ARN"},
    ),
    Type(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        client="wafv2",
        create=_LOGGING,
        update=(_LOGGING,),
        id="resourceArn",
        id_parts="{resourceArn}",
        read=(Call("GetLoggingConfiguration", at="LoggingConfiguration"),),
        delete=(Call("DeleteLoggingConfiguration"),),
        replace=frozenset({"resourceArn", "region"}),
        back={"redactedFields": "RedactedFields", "loggingFilter": "LoggingFilter"},
    ),
]
