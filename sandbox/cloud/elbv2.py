"""Load balancers: names, zones and protection as AWS has them, interfaces that keep networks in use, log buckets."""

import datetime as dt
import json
from fnmatch import fnmatchcase
from typing import Any

from moto.acm.models import acm_backends
from moto.elbv2.models import ELBv2Backend
from moto.s3.models import s3_backends

from sandbox.cloud.extension import fail, replaces

_WRITER = "logdelivery.elasticloadbalancing.amazonaws.com"
_ON = "true"


@replaces(ELBv2Backend, "create_load_balancer")
def _create(
    original: Any,
    self: Any,
    name: str,
    security_groups: list[str],
    subnet_ids: list[str],
    subnet_mappings: list[dict[str, str]] | None = None,
    scheme: str | None = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """The same once more is the same load balancer; another one of its name is refused."""
    scheme = scheme or "internet-facing"
    subnets = [*subnet_ids, *(mapping["SubnetId"] for mapping in subnet_mappings or [])]
    for existing in self.load_balancers.values():
        if existing.name != name:
            continue
        same = {subnet.id for subnet in existing.subnets} == set(subnets) and existing.scheme == scheme
        if same and set(existing.security_groups) == set(security_groups):
            return existing
        fail("DuplicateLoadBalancerName", f"A load balancer with the same name '{name}' exists, with other settings")
    found = [self.ec2_backend.get_subnet(subnet) for subnet in subnets]
    if len({subnet.availability_zone for subnet in found}) < 2:
        fail(
            "InvalidConfigurationRequest", "At least two subnets in two different Availability Zones must be specified"
        )
    known = self.ec2_backend.groups.get(found[0].vpc_id, {})
    if missing := [group for group in security_groups if group not in known]:
        fail("InvalidSecurityGroup", f"'{', '.join(missing)}' is not in the VPC {found[0].vpc_id}")
    made = original(self, name, security_groups, subnet_ids, subnet_mappings, scheme, *args, **kwargs)
    made.sandbox_interfaces = []
    _connect(self, made)
    return made


@replaces(ELBv2Backend, "delete_load_balancer")
def _delete(original: Any, self: Any, arn: str) -> Any:
    going = self.load_balancers.get(arn)
    if going is None:
        return
    if going.attrs.get("deletion_protection.enabled") == _ON:
        fail(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    for listener in list(going.listeners.values()):
        self.delete_listener(listener.arn)
    _disconnect(self, going)
    original(self, arn)


@replaces(ELBv2Backend, "set_security_groups")
def _set_groups(original: Any, self: Any, arn: str, sec_groups: list[str]) -> Any:
    original(self, arn, sec_groups)
    _connect(self, self.load_balancers[arn])


@replaces(ELBv2Backend, "set_subnets")
def _set_subnets(original: Any, self: Any, arn: str, subnets: list[str], subnet_mappings: Any) -> Any:
    zones = original(self, arn, subnets, subnet_mappings)
    _connect(self, self.load_balancers[arn])
    return zones


@replaces(ELBv2Backend, "modify_load_balancer_attributes")
def _attributes(original: Any, self: Any, arn: str, attrs: dict[str, Any]) -> Any:
    """Logs are switched on only where a first one, a test file, can be written."""
    balancer = self.load_balancers.get(arn)
    merged = {**(balancer.attrs if balancer else {}), **attrs}
    for kind in ("access_logs", "connection_logs"):
        if balancer and merged.get(f"{kind}.s3.enabled") == _ON and any(key.startswith(f"{kind}.s3.") for key in attrs):
            _write_test_file(self, arn, merged.get(f"{kind}.s3.bucket", ""), merged.get(f"{kind}.s3.prefix", ""))
    return original(self, arn, attrs)


@replaces(ELBv2Backend, "create_listener")
def _create_listener(
    original: Any,
    self: Any,
    load_balancer_arn: str,
    protocol: str,
    port: Any,
    ssl_policy: str,
    certificate: str | None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer and any(str(listener.port) == str(port) for listener in balancer.listeners.values()):
        fail("DuplicateListener", f"A listener already exists on port {port} of {load_balancer_arn}")
    if protocol in ("HTTPS", "TLS"):
        _check_certificate(self, certificate)
    return original(self, load_balancer_arn, protocol, port, ssl_policy, certificate, *args, **kwargs)


@replaces(ELBv2Backend, "delete_listener")
def _delete_listener(original: Any, self: Any, listener_arn: str) -> Any:
    """Its certificate, and the groups that it forwards to, are free again."""
    gone = original(self, listener_arn)
    for certificate in acm_backends[self.account_id][self.region_name]._certificates.values():
        certificate.in_use_by = [user for user in certificate.in_use_by if user != listener_arn]
    for action in gone.default_actions:
        for target_group in self._get_target_group_arns_from(action.data) if action.type == "forward" else []:
            users = self.target_groups[target_group].load_balancer_arns
            if gone.load_balancer_arn in users:
                users.remove(gone.load_balancer_arn)
    return gone


def _check_certificate(backend: Any, arn: str | None) -> None:
    if not arn:
        fail("ValidationError", "A certificate must be specified for HTTPS listeners")
    if ":acm:" not in str(arn):
        return
    found: Any = acm_backends[backend.account_id][backend.region_name]._certificates.get(arn)
    if found is None:
        fail("CertificateNotFound", f"Certificate '{arn}' not found")
    found.check()
    if found.status != "ISSUED":
        fail("UnsupportedCertificate", f"The certificate '{arn}' must have a fully-qualified domain name and be issued")


def _write_test_file(backend: Any, arn: str, bucket: str, prefix: str) -> None:
    store = s3_backends[backend.account_id][backend.partition]
    key = "/".join(filter(None, [prefix, "AWSLogs", backend.account_id, "ELBAccessLogTestFile"]))
    if bucket not in store.buckets or not _may_write(store.get_bucket(bucket), key, arn):
        fail("InvalidConfigurationRequest", f"Access Denied for bucket: {bucket}. Please check S3bucket permission")
    text = f"Enable AccessLog for ELB: {arn} at {dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    store.put_object(bucket, key, text.encode())


def _may_write(bucket: Any, key: str, arn: str) -> bool:
    wanted = f"arn:{bucket.partition}:s3:::{bucket.name}/{key}"
    for statement in json.loads(bucket.policy or b'{"Statement": []}')["Statement"]:
        principal = statement.get("Principal")
        allowed = statement["Effect"] == "Allow" and "s3:PutObject" in _list(statement.get("Action"))
        by_service = isinstance(principal, dict) and _WRITER in _list(principal.get("Service"))
        there = any(fnmatchcase(wanted, pattern) for pattern in _list(statement.get("Resource")))
        sources = [
            pattern
            for operator in ("ArnLike", "ArnEquals", "StringLike", "StringEquals")
            for pattern in _list(statement.get("Condition", {}).get(operator, {}).get("aws:SourceArn", []))
        ]
        if allowed and by_service and there and (not sources or any(fnmatchcase(arn, pattern) for pattern in sources)):
            return True
    return False


def _connect(backend: Any, balancer: Any) -> None:
    """An interface in each subnet, in the load balancer's groups."""
    _disconnect(backend, balancer)
    ec2 = backend.ec2_backend
    description = f"ELB {balancer.arn.split('loadbalancer/')[1]}"
    balancer.sandbox_interfaces = [
        ec2.create_network_interface(
            subnet, None, group_ids=list(balancer.security_groups or []), description=description
        ).id
        for subnet in balancer.subnets
    ]


def _disconnect(backend: Any, balancer: Any) -> None:
    for interface in getattr(balancer, "sandbox_interfaces", []):
        backend.ec2_backend.enis.pop(interface, None)
    balancer.sandbox_interfaces = []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
