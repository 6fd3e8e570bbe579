"""The way in from the internet to the models of a cluster."""

from collections.abc import Sequence
from datetime import date
from typing import NotRequired, TypedDict

import pulumi

from slipway import _check, versions
from slipway.serving import _edge, _hosts, _issuer, _waf
from slipway.serving._edge_objects import Edge
from slipway.serving._front import FrontBuilder
from slipway.serving._gateway_settings import settings_of


class GatewayArgs(TypedDict):
    """Inputs of ``Gateway``."""

    vpc_id: pulumi.Input[str]
    """VPC of the cluster."""
    public_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets of the load balancer, in at least two zones."""
    public_subnet_cidr_blocks: pulumi.Input[Sequence[pulumi.Input[str]]]
    """IPv4 networks of these subnets: nothing else in the VPC may reach Envoy."""
    cluster_security_group_id: pulumi.Input[str]
    """Security group of the cluster's nodes and pods."""
    domain: str
    """Domain of the models, such as ``ml.example.com``; each is a host in it."""
    access_log_bucket_name: str
    """Name of the bucket that gets the load balancer's access logs, unique among all accounts."""
    logs_key_arn: pulumi.Input[str]
    """KMS key that encrypts the firewall's log."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Route 53 zone of the domain, for the hosts' record and the certificate's proof. Default: none, and
    ``certificate_arn`` is needed."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """Certificate of all hosts of the domain. Default: one is made in ``zone_id``."""
    jwt_issuer: NotRequired[pulumi.Input[str]]
    """Who issues the tokens that callers show, as in their ``iss``; with ``jwt_jwks_uri`` and ``jwt_audiences``.
    Default: the user pool of ``cognito_domain_prefix``."""
    jwt_jwks_uri: NotRequired[pulumi.Input[str]]
    """Where the issuer publishes its keys. Default: the user pool's."""
    jwt_audiences: NotRequired[list[str]]
    """Audiences of tokens that are for models. Default: none with a user pool, whose tokens have scopes instead."""
    cognito_domain_prefix: NotRequired[str]
    """Makes a Cognito user pool that issues tokens at ``<prefix>.auth.<region>.amazoncognito.com``. Default: none, and
    ``jwt_issuer`` is needed."""
    cognito_clients: NotRequired[list[str]]
    """Applications that get tokens for themselves. Default: one, ``default``."""
    cognito_mfa: NotRequired[str]
    """Second factor of people: ``OFF``, ``OPTIONAL`` or ``ON``. Default: ``OPTIONAL``."""
    allowed_cidrs: NotRequired[list[str]]
    """Networks that may call. Default: the internet."""
    access_log_days: NotRequired[int]
    """Days that access logs, which have callers' addresses, are kept. Default: 365."""
    waf_log_days: NotRequired[int]
    """Days that the firewall's log is kept; one of CloudWatch's retentions. Default: 365."""
    waf_requests_per_5_minutes: NotRequired[int]
    """Requests that one address may make in five minutes. Default: 30000, which is 100 a second."""
    waf_rule_groups: NotRequired[list[str]]
    """Managed rule groups of AWS, first to last. Default: IP reputation, common rules, known bad inputs."""
    waf_counted_rules: NotRequired[list[str]]
    """Rules that only count, as ``<group>/<rule>``. Default: the limit of bodies to 8 KiB, which predictions exceed."""
    idle_timeout_seconds: NotRequired[int]
    """How long a connection may be silent. Default: 60."""
    min_replicas: NotRequired[int]
    """Fewest proxies. Default: 2, so that one may go."""
    max_replicas: NotRequired[int]
    """Most proxies. Default: 10, or ``min_replicas`` where that is more."""
    cpu: NotRequired[str]
    """CPU that a proxy requests. Default: ``500m``."""
    memory: NotRequired[str]
    """Memory that a proxy requests and may use. Default: ``512Mi``."""
    route_namespaces: NotRequired[list[str]]
    """Namespaces, which exist, that Envoy Gateway may read routes and secrets of. Their routes attach where they have
    the label ``slipway.dev/routes: "true"``, as those of ``ServingCluster`` do. Default: ``models``."""
    metrics_namespaces: NotRequired[list[str]]
    """Namespaces that may read metrics. Default: ``monitoring``."""
    kubernetes_version: NotRequired[str]
    """Kubernetes version of the cluster, whose Pod Security rules hold. Default: the one slipway pins."""
    install_crds: NotRequired[bool]
    """Whether the CRDs of Gateway API (experimental channel) and Envoy Gateway are installed here. Default: yes."""
    image_registry: NotRequired[str]
    """Registry that has the images of Docker Hub, such as a pull-through cache. Default: Docker Hub."""
    deletion_protection: NotRequired[bool]
    """Guards the load balancer, its logs and the user pool against deletion. Default: yes."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class Gateway(pulumi.ComponentResource):
    """Load balancer with firewall and certificate, and Envoy Gateway behind it; its logs and user pool are stateful.

    A route that attaches to it lets nobody in until it has a ``SecurityPolicy`` of its own. Needs a Kubernetes provider
    in ``opts``, and the AWS one.
    """

    domain: pulumi.Output[str]
    """Domain whose hosts lead here."""
    load_balancer_dns_name: pulumi.Output[str]
    """Name of the load balancer, to point records at where no zone was given."""
    web_acl_arn: pulumi.Output[str]
    """ARN of the firewall's rules, to watch them."""
    gateway_name: pulumi.Output[str]
    """Name of the Gateway that routes attach to; what uses it waits for the Gateway and its policies."""
    gateway_namespace: pulumi.Output[str]
    """Namespace of the Gateway, whose pods call the models."""
    issuer: pulumi.Output[str]
    """Issuer of the tokens that services accept."""
    jwks_uri: pulumi.Output[str]
    """Where the issuer publishes its keys."""
    audiences: pulumi.Output[list[str]]
    """Audiences of the tokens that services accept; empty with a user pool."""
    scopes: pulumi.Output[list[str]]
    """Scopes of the tokens that services accept; empty with another issuer."""
    token_url: pulumi.Output[str]
    """Where applications get tokens of the user pool; empty without one."""
    user_pool_id: pulumi.Output[str]
    """Id of the user pool; empty without one."""
    client_ids: pulumi.Output[dict[str, str]]
    """Client id of each of ``cognito_clients``; the secrets are for Cognito to tell."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:index:Gateway", name, dict(args), opts)
        _check.known(args, GatewayArgs.__annotations__)
        settings = settings_of(args)
        warning = versions.envoy_gateway_warning(date.today())
        if warning:
            pulumi.log.warn(warning, self)
        tags = args.get("tags")
        child = pulumi.ResourceOptions(parent=self)

        acl = _waf.declare(name, settings, args["logs_key_arn"], tags, child)
        zone_id = args.get("zone_id")
        certificate_arn = args.get("certificate_arn")
        if zone_id is not None:
            certificate_arn = _hosts.certificate(name, settings.domain, zone_id, tags, child)
        assert certificate_arn is not None
        front = FrontBuilder(name, settings, tags, self).load_balancer(
            args["vpc_id"], args["public_subnet_ids"], args["cluster_security_group_id"], certificate_arn, acl.arn
        )
        if zone_id is not None:
            ready = pulumi.ResourceOptions(parent=self, depends_on=[front.listener])
            _hosts.records(name, settings.domain, zone_id, front.load_balancer, ready)
        if settings.cognito_prefix is None:
            issuer = _issuer.foreign(args["jwt_issuer"], args["jwt_jwks_uri"], args["jwt_audiences"])
        else:
            issuer = _issuer.cognito(name, settings.cognito_prefix, settings, tags, self)

        edge = Edge(name, settings, self)
        controller = edge.controller(edge.namespace(args["public_subnet_cidr_blocks"]))
        objects = edge.gateway(controller)
        edge.binding(front.target_group.arn, objects[0], front.listener)

        self.domain = pulumi.Output.from_input(settings.domain)
        self.load_balancer_dns_name = front.load_balancer.dns_name
        self.web_acl_arn = acl.arn
        # Known before a first deployment, and yet nothing that uses it comes before the policies.
        self.gateway_name = pulumi.Output.all(*(one.urn for one in objects)).apply(lambda _: _edge.NAME)
        self.gateway_namespace = pulumi.Output.from_input(_edge.NAMESPACE)
        self.issuer = issuer.issuer
        self.jwks_uri = issuer.jwks_uri
        self.audiences = issuer.audiences
        self.scopes = issuer.scopes
        self.token_url = issuer.token_url
        self.user_pool_id = issuer.user_pool_id
        self.client_ids = issuer.client_ids
        self.register_outputs(
            {
                "domain": self.domain,
                "loadBalancerDnsName": self.load_balancer_dns_name,
                "webAclArn": self.web_acl_arn,
                "gatewayName": self.gateway_name,
                "gatewayNamespace": self.gateway_namespace,
                "issuer": self.issuer,
                "jwksUri": self.jwks_uri,
                "audiences": self.audiences,
                "scopes": self.scopes,
                "tokenUrl": self.token_url,
                "userPoolId": self.user_pool_id,
                "clientIds": self.client_ids,
            }
        )
