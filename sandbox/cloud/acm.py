"""ACM: a certificate is issued once the records that prove its domains are in a zone of the account, not by waiting."""

from typing import Any

from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.route53.models import route53_backends

from sandbox.cloud.extension import fail, replaces


@replaces(CertBundle, "check")
def _check(original: Any, self: Any) -> None:
    if self.status != "PENDING_VALIDATION":
        original(self)
        return
    options = self.describe()["Certificate"].get("DomainValidationOptions", [])
    if options and all(_is_published(self.arn, option["ResourceRecord"]) for option in options):
        self.status = "ISSUED"


@replaces(CertBundle, "describe")
def _describe(original: Any, self: Any) -> dict[str, Any]:
    """A certificate that was never issued has no time of that; moto names the domains in any order."""
    described: dict[str, Any] = original(self)
    certificate = described["Certificate"]
    if "DomainValidationOptions" in certificate:
        certificate["DomainValidationOptions"].sort(key=lambda option: str(option["DomainName"]))
    if self.status == "PENDING_VALIDATION":
        for member in ("IssuedAt", "NotBefore", "NotAfter"):
            certificate.pop(member, None)
    return described


@replaces(AWSCertificateManagerBackend, "delete_certificate")
def _delete(original: Any, self: Any, arn: str) -> None:
    found = self._certificates.get(arn)
    if found is not None and found.in_use_by:
        fail("ResourceInUseException", f"Certificate {arn} in account {self.account_id} is in use.")
    original(self, arn)


def _is_published(arn: str, record: dict[str, str]) -> bool:
    _, partition, _, _, account, _ = arn.split(":", 5)
    for zone in route53_backends[account][partition].zones.values():
        for found in zone.rrsets:
            same = (found.name.rstrip("."), found.type) == (record["Name"].rstrip("."), record["Type"])
            if same and record["Value"].rstrip(".") in {str(value).rstrip(".") for value in found.records}:
                return True
    return False
