"""Certificates and the proof that their domains are ours."""

from typing import Any

from sandbox.providers.aws.table import Call, Code, Context, Tags, Type

_CERTIFICATE = {"CertificateArn": "id"}


def _read(acm: Any, seen: Context) -> dict[str, Any]:
    """The certificate; its own domain is among the alternative names only where the program puts it there."""
    found: dict[str, Any] = acm.describe_certificate(CertificateArn=seen["id"])["Certificate"]
    given = seen.get("subjectAlternativeNames") or []
    names = found.get("SubjectAlternativeNames", [])
    return {**found, "names": [name for name in names if name != found["DomainName"] or name in given]}


def _prove(acm: Any, seen: Context) -> dict[str, Any]:
    """Like Pulumi's provider: the records that the program made have to be those that ACM asks for."""
    found: dict[str, Any] = acm.describe_certificate(CertificateArn=seen["certificateArn"])["Certificate"]
    given = seen.get("validationRecordFqdns")
    if given is not None:
        options = found.get("DomainValidationOptions", [])
        needed = {option["ResourceRecord"]["Name"].rstrip(".") for option in options}
        if missing := sorted(needed - {name.rstrip(".") for name in given}):
            raise ValueError(f"validationRecordFqdns: missing {', '.join(missing)} of {seen['certificateArn']}")
    return found


TYPES = [
    Type(
        "aws:acm/certificate:Certificate",
        client="acm",
        create=Call("RequestCertificate"),
        id="CertificateArn",
        claims=True,
        read=(Code(_read),),
        delete=(Call("DeleteCertificate", _CERTIFICATE),),
        replace=frozenset(
            {"domainName", "subjectAlternativeNames", "validationMethod", "keyAlgorithm", "options", "region"}
        ),
        back={
            "domainName": "DomainName",
            "subjectAlternativeNames": "names",
            "validationMethod": "DomainValidationOptions[0].ValidationMethod",
        },
        outputs={
            "arn": "CertificateArn",
            "status": "Status",
            "type": "Type",
            "domainValidationOptions": "DomainValidationOptions[].{domainName: DomainName, "
            "resourceRecordName: ResourceRecord.Name, resourceRecordType: ResourceRecord.Type, "
            "resourceRecordValue: ResourceRecord.Value}",
        },
        tags=Tags(
            Call("AddTagsToCertificate", _CERTIFICATE),
            Call("RemoveTagsFromCertificate", _CERTIFICATE),
            Call("ListTagsForCertificate", _CERTIFICATE, at="Tags"),
        ),
    ),
    Type(
        "aws:acm/certificateValidation:CertificateValidation",
        client="acm",
        create=Code(_prove, frozenset({"certificateArn", "validationRecordFqdns"})),
        id="CertificateArn",
        id_parts="{certificateArn}",
        read=(Call("DescribeCertificate", _CERTIFICATE, at="Certificate"),),
        ready="Status=='ISSUED'",
        failed="Status=='FAILED' || Status=='VALIDATION_TIMED_OUT'",
        replace=frozenset({"certificateArn", "validationRecordFqdns", "region"}),
        back={"certificateArn": "CertificateArn", "validationRecordFqdns": "given.validationRecordFqdns"},
    ),
]
