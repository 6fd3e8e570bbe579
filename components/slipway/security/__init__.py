"""Security and compliance: the keys of an environment, and identities that can do only what they declare."""

from typing import TYPE_CHECKING

from slipway import _lazy

if TYPE_CHECKING:
    from slipway.security.data_class import DataClass as DataClass
    from slipway.security.data_keys import DataKeys as DataKeys
    from slipway.security.data_keys import DataKeysArgs as DataKeysArgs
    from slipway.security.principal import Principal as Principal
    from slipway.security.workload_identity import WorkloadIdentity as WorkloadIdentity
    from slipway.security.workload_identity import WorkloadIdentityArgs as WorkloadIdentityArgs

__getattr__, __dir__ = _lazy.exports(
    __name__,
    {
        "DataClass": "data_class",
        "DataKeys": "data_keys",
        "DataKeysArgs": "data_keys",
        "Principal": "principal",
        "WorkloadIdentity": "workload_identity",
        "WorkloadIdentityArgs": "workload_identity",
    },
)
