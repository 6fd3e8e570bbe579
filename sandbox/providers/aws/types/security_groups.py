"""Security groups and their rules."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Type, arn
from sandbox.providers.aws.types.ec2 import TAGS, filters

_RULE = frozenset(
    {
        "ipProtocol",
        "fromPort",
        "toPort",
        "cidrIpv4",
        "cidrIpv6",
        "prefixListId",
        "referencedSecurityGroupId",
        "description",
    }
)


def _permissions(rules: list[dict[str, Any]], own: str) -> list[dict[str, Any]]:
    """Inline rules as EC2 has them, one source each."""
    result = []
    for rule in rules:
        base = {"IpProtocol": str(rule["protocol"]).replace("all", "-1")}
        if base["IpProtocol"] != "-1":
            base |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
        text = {"Description": rule["description"]} if rule.get("description") else {}
        groups = [*(rule.get("securityGroups") or []), *([own] if rule.get("self") else [])]
        result += [{**base, "IpRanges": [{"CidrIp": cidr, **text}]} for cidr in rule.get("cidrBlocks") or []]
        result += [{**base, "Ipv6Ranges": [{"CidrIpv6": cidr, **text}]} for cidr in rule.get("ipv6CidrBlocks") or []]
        result += [
            {**base, "PrefixListIds": [{"PrefixListId": one, **text}]} for one in rule.get("prefixListIds") or []
        ]
        result += [{**base, "UserIdGroupPairs": [{"GroupId": group, **text}]} for group in groups]
    return result


def _set_rules(ec2: Any, seen: Context, direction: str, rules: list[dict[str, Any]]) -> None:
    group = seen["id"]
    found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    current = found["IpPermissions" if direction == "ingress" else "IpPermissionsEgress"]
    if current:
        getattr(ec2, f"revoke_security_group_{direction}")(GroupId=group, IpPermissions=current)
    if wanted := _permissions(rules, group):
        getattr(ec2, f"authorize_security_group_{direction}")(GroupId=group, IpPermissions=wanted)


def _new_group_rules(ec2: Any, seen: Context) -> None:
    """A new group allows all egress: like Pulumi's provider, take that away unless the program says it."""
    if "old" not in seen or seen.get("egress") is not None:
        _set_rules(ec2, seen, "egress", seen.get("egress") or [])
    if seen.get("ingress") is not None:
        _set_rules(ec2, seen, "ingress", seen["ingress"])


def _only_these_rules(ec2: Any, seen: Context) -> None:
    """A default group is adopted and keeps no rule that the program does not say."""
    for direction in ("ingress", "egress"):
        _set_rules(ec2, seen, direction, seen.get(direction) or [])


def _inline(direction: str) -> str:
    """Expression of a group's rules in the inline form; groups among the sources stay EC2's pairs."""
    field = "IpPermissions" if direction == "ingress" else "IpPermissionsEgress"
    return (
        f"{field}[].{{protocol: IpProtocol, fromPort: FromPort || `0`, toPort: ToPort || `0`, "
        "cidrBlocks: IpRanges[].CidrIp, ipv6CidrBlocks: Ipv6Ranges[].CidrIpv6, "
        "prefixListIds: PrefixListIds[].PrefixListId, securityGroups: UserIdGroupPairs[].GroupId}"
    )


def _rule(direction: str) -> Type:
    title = direction.capitalize()
    source = (
        "[{IpProtocol: ipProtocol, FromPort: fromPort, ToPort: toPort, "
        "IpRanges: cidrIpv4 && [{CidrIp: cidrIpv4, Description: description}], "
        "Ipv6Ranges: cidrIpv6 && [{CidrIpv6: cidrIpv6, Description: description}], "
        "PrefixListIds: prefixListId && [{PrefixListId: prefixListId, Description: description}], "
        "UserIdGroupPairs: referencedSecurityGroupId && "
        "[{GroupId: referencedSecurityGroupId, Description: description}]}]"
    )
    change = (
        "[{SecurityGroupRuleId: id, SecurityGroupRule: {IpProtocol: ipProtocol, FromPort: fromPort, ToPort: toPort, "
    )
    change += "CidrIpv4: cidrIpv4, CidrIpv6: cidrIpv6, PrefixListId: prefixListId, "
    change += "ReferencedGroupId: referencedSecurityGroupId, Description: description}}]"
    same = (
        f"IsEgress==`{'true' if direction == 'egress' else 'false'}`",
        "IpProtocol=='$ipProtocol'",
        "('$fromPort'=='' || to_string(FromPort)=='$fromPort')",
        "('$toPort'=='' || to_string(ToPort)=='$toPort')",
        "(CidrIpv4 || '')=='$cidrIpv4'",
        "(CidrIpv6 || '')=='$cidrIpv6'",
        "(PrefixListId || '')=='$prefixListId'",
        "(ReferencedGroupInfo.GroupId || '')=='$referencedSecurityGroupId'",
    )
    return Type(
        f"aws:vpc/securityGroup{title}Rule:SecurityGroup{title}Rule",
        client="ec2",
        tag_resource="security-group-rule",
        tags=TAGS,
        create=Call(
            f"AuthorizeSecurityGroup{title}",
            {"GroupId": "securityGroupId", "IpPermissions": source},
            at="SecurityGroupRules[0]",
            without=_RULE,
        ),
        id="SecurityGroupRuleId",
        read=(Call("DescribeSecurityGroupRules", {"SecurityGroupRuleIds": "[id]"}, at="SecurityGroupRules[0]"),),
        find=Call(
            "DescribeSecurityGroupRules",
            {"Filters": filters(group_id="securityGroupId")},
            at="SecurityGroupRules[?" + " && ".join(same) + "] | [0]",
        ),
        update=(
            Call(
                "ModifySecurityGroupRules",
                {"GroupId": "securityGroupId", "SecurityGroupRules": change},
                without=_RULE,
            ),
        ),
        delete=(Call(f"RevokeSecurityGroup{title}", {"GroupId": "securityGroupId", "SecurityGroupRuleIds": "[id]"}),),
        replace=frozenset({"securityGroupId", "region"}),
        back={
            "securityGroupId": "GroupId",
            "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId",
            "cidrIpv4": "CidrIpv4",
            "cidrIpv6": "CidrIpv6",
            "prefixListId": "PrefixListId",
            "description": "Description",
        },
        outputs={
            "securityGroupRuleId": "SecurityGroupRuleId",
            "arn": arn("ec2", "join('/', ['security-group-rule', id])"),
        },
    )


TYPES = [
    Type(
        "aws:ec2/securityGroup:SecurityGroup",
        client="ec2",
        tag_resource="security-group",
        tags=TAGS,
        create=Call("CreateSecurityGroup", {"GroupName": "name"}),
        id="GroupId",
        read=(Call("DescribeSecurityGroups", {"GroupIds": "[id]"}, at="SecurityGroups[0]"),),
        find=Call(
            "DescribeSecurityGroups",
            {"Filters": filters(vpc_id="vpcId", group_name="name")},
            at="SecurityGroups[0]",
        ),
        settle=(Code(_new_group_rules, frozenset({"name", "ingress", "egress"})),),
        delete=(Call("DeleteSecurityGroup", {"GroupId": "id"}),),
        name="name",
        replace=frozenset({"name", "description", "vpcId", "region"}),
        defaults={"description": "Managed by Pulumi"},
        local=frozenset({"revokeRulesOnDelete"}),
        back={"name": "GroupName", "ingress": _inline("ingress"), "egress": _inline("egress")},
        outputs={"arn": arn("ec2", "join('/', ['security-group', id])"), "ownerId": "OwnerId"},
    ),
    Type(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        client="ec2",
        tags=TAGS,
        create=Call(
            "DescribeSecurityGroups",
            {"Filters": filters(vpc_id="vpcId", group_name="'default'")},
            at="SecurityGroups[0]",
        ),
        id="GroupId",
        read=(Call("DescribeSecurityGroups", {"GroupIds": "[id]"}, at="SecurityGroups[0]"),),
        settle=(
            Code(_only_these_rules, frozenset({"vpcId", "ingress", "egress"})),
            Call("CreateTags", {"Resources": "[id]", "Tags": "tagList"}, when="tagList"),
        ),
        replace=frozenset({"vpcId", "region"}),
        local=frozenset({"revokeRulesOnDelete"}),
        back={"ingress": _inline("ingress"), "egress": _inline("egress")},
        outputs={
            "arn": arn("ec2", "join('/', ['security-group', id])"),
            "ownerId": "OwnerId",
            "name": "GroupName",
            "description": "Description",
        },
    ),
    _rule("ingress"),
    _rule("egress"),
]
