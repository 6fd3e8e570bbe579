"""Every wrong argument of a gateway is refused: which, what is accepted, what came."""

from typing import Any

import pytest

from tests.components.serving.test_gateway import CERTIFICATE, USER_POOL, build

LABEL = "accepted: 1 to 63 of a-z, 0-9 and -, neither first nor last -: received: "
ONE_ISSUER = "jwt_issuer and cognito_domain_prefix: accepted: one of them: who issues the tokens.*: received: "
NO_POOL = "accepted: nothing without cognito_domain_prefix: there is no user pool: received: "
WHOLE = "accepted: a whole number from "
COUNTED = r"accepted: <group>/<rule>, with a group of waf_rule_groups: received: "


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"vpc_id": None}, "vpc_id: accepted: the id of a VPC: received: None"),
        ({"vpc_id": "main"}, "vpc_id: accepted: the id of a VPC: received: 'main'"),
        ({"public_subnet_ids": ["a"]}, r"public_subnet_ids: accepted: .* at least two zones: received: \['a'\]"),
        ({"public_subnet_ids": None}, "public_subnet_ids: accepted: .*: received: None"),
        ({"public_subnet_cidr_blocks": ["10.0.0.0/24"]}, "public_subnet_cidr_blocks: accepted: IPv4 networks of .*"),
        (
            {"public_subnet_cidr_blocks": ["10.0.0.0/24", "public"]},
            r"public_subnet_cidr_blocks\[1\]: accepted: an IPv4 network such as 203\.0\.113\.0/24: received: 'public'",
        ),
        ({"cluster_security_group_id": "cluster"}, "cluster_security_group_id: accepted: the id of a security group: "),
        ({"domain": None}, "domain: accepted: a domain such as ml.example.com.*: received: None"),
        ({"domain": "*.example.com"}, r"domain: accepted: a domain .*: received: '\*\.example\.com'"),
        ({"domain": "Example.com"}, "domain: accepted: a domain .*: received: 'Example.com'"),
        ({"domain": "localhost"}, "domain: accepted: a domain .*: received: 'localhost'"),
        ({"access_log_bucket_name": "Logs"}, "access_log_bucket_name: accepted: a bucket's name: .*: received: 'Logs'"),
        ({"logs_key_arn": "alias/logs"}, "logs_key_arn: accepted: a KMS key's ARN: received: 'alias/logs'"),
        ({"zone_id": None}, r"zone_id and certificate_arn: accepted: one of them: .*: received: \[\]"),
        (
            {"certificate_arn": CERTIFICATE},
            r"zone_id and certificate_arn: accepted: one of them: .*: received: \['zone_id', 'certificate_arn'\]",
        ),
        ({"zone_id": "example.com"}, "zone_id: accepted: the id of a Route 53 hosted zone: received: 'example.com'"),
        ({"zone_id": None, "certificate_arn": "cert"}, "certificate_arn: accepted: an ACM certificate's ARN: "),
        (
            {"jwt_issuer": None, "jwt_jwks_uri": None, "jwt_audiences": None},
            ONE_ISSUER + r"\[\]",
        ),
        ({"cognito_domain_prefix": "acme"}, ONE_ISSUER + r"\['jwt_issuer', .*'cognito_domain_prefix'\]"),
        ({"jwt_audiences": None}, "jwt_issuer and jwt_jwks_uri and jwt_audiences: accepted: all of them or none: "),
        ({"jwt_issuer": "http://id.example.com"}, "jwt_issuer: accepted: an https:// address: received: 'http://"),
        ({"jwt_jwks_uri": "id.example.com"}, "jwt_jwks_uri: accepted: an https:// address: received: "),
        ({"jwt_audiences": []}, r"jwt_audiences: accepted: at least 1 entry: received: \[\]"),
        ({**USER_POOL, "cognito_domain_prefix": "my-aws"}, "cognito_domain_prefix: accepted: .*reserved: received: "),
        ({**USER_POOL, "cognito_domain_prefix": ""}, "cognito_domain_prefix: accepted: .*: received: ''"),
        ({"cognito_clients": ["web"]}, "cognito_clients: " + NO_POOL),
        ({"cognito_mfa": "ON"}, "cognito_mfa: " + NO_POOL + "'ON'"),
        ({**USER_POOL, "cognito_mfa": "on"}, "cognito_mfa: accepted: one of OFF, OPTIONAL, ON: received: 'on'"),
        ({**USER_POOL, "cognito_clients": []}, r"cognito_clients: accepted: at least 1 entry: received: \[\]"),
        ({**USER_POOL, "cognito_clients": ["Web"]}, rf"cognito_clients\[0\]: {LABEL}'Web'"),
        ({"allowed_cidrs": []}, r"allowed_cidrs: accepted: at least 1 entry: received: \[\]"),
        (
            {"allowed_cidrs": ["203.0.113.1/24"]},
            r"allowed_cidrs\[0\]: accepted: an IPv4 network such as 203\.0\.113\.0/24: received: '203\.0\.113\.1/24'",
        ),
        ({"access_log_days": 0}, "access_log_days: accepted: 1 to 3653 days: received: 0"),
        ({"waf_log_days": 8}, "waf_log_days: accepted: one of 1, 3, 5, .*: received: 8"),
        ({"waf_requests_per_5_minutes": 9}, f"waf_requests_per_5_minutes: {WHOLE}10 to 2000000000: received: 9"),
        ({"waf_rule_groups": ["mine"]}, r"waf_rule_groups\[0\]: accepted: the name of a managed rule group of AWS.*"),
        ({"waf_counted_rules": ["SizeRestrictions_BODY"]}, r"waf_counted_rules\[0\]: " + COUNTED),
        ({"waf_counted_rules": ["AWSManagedRulesSQLiRuleSet/SQLi_BODY"]}, r"waf_counted_rules\[0\]: " + COUNTED),
        ({"waf_counted_rules": ["AWSManagedRulesCommonRuleSet/"]}, r"waf_counted_rules\[0\]: " + COUNTED),
        ({"idle_timeout_seconds": 0}, f"idle_timeout_seconds: {WHOLE}1 to 4000: received: 0"),
        ({"min_replicas": 0}, f"min_replicas: {WHOLE}1 to 100: received: 0"),
        ({"max_replicas": 1}, "max_replicas: accepted: at least min_replicas, 2: received: 1"),
        ({"cpu": "half"}, "cpu: accepted: CPUs such as 500m or 2: received: 'half'"),
        ({"memory": "512"}, "memory: accepted: memory such as 512Mi or 4Gi: received: '512'"),
        ({"route_namespaces": []}, r"route_namespaces: accepted: at least 1 entry: received: \[\]"),
        ({"route_namespaces": ["Models"]}, rf"route_namespaces\[0\]: {LABEL}'Models'"),
        (
            {"route_namespaces": ["gateway"]},
            "route_namespaces: accepted: namespaces of models, not gateway: received: ",
        ),
        ({"metrics_namespaces": "monitoring"}, "metrics_namespaces: accepted: a list of text: received: 'monitoring'"),
        (
            {"kubernetes_version": "1.34"},
            r"kubernetes_version: accepted: one of 1\.35, 1\.36, 1\.37: received: '1\.34'",
        ),
        ({"install_crds": "no"}, "install_crds: accepted: true or false: received: 'no'"),
        ({"image_registry": "https://hub"}, "image_registry: accepted: a registry, .*: received: 'https://hub'"),
        ({"deletion_protection": 1}, "deletion_protection: accepted: true or false: received: 1"),
        ({"hostname": "x"}, "hostname: accepted: no such argument; there are access_log_bucket_name, "),
    ],
)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**args)
