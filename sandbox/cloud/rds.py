"""RDS: Aurora clusters that need what AWS needs of them, and keep what moto drops. Changes are applied at once."""

import json
import secrets
from typing import Any

from moto.logs.models import logs_backends
from moto.rds.models import DBInstanceClustered, MasterUserSecret, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.cloud.extension import extend, fail, replaces
from sandbox.cloud.key_policy import may_use_through
from sandbox.cloud.rds_network import connect, disconnect, groups_of, subnet_group

VERSIONS = ("16.8", "16.13", "16.14", "17.7", "17.9", "17.10", "18.3", "18.4")
"""Aurora PostgreSQL versions that a cluster can be made with; of other engines any."""

_KEPT = (
    "enable_performance_insights",
    "performance_insights_kms_key_id",
    "performance_insights_retention_period",
    "database_insights_mode",
)
_INSIGHTS_DAYS = 7


@replaces(RDSBackend, "create_db_cluster")
def _create_cluster(original: Any, self: Any, kwargs: Any) -> Any:
    identifier = kwargs["db_cluster_identifier"]
    if identifier in self.clusters:
        fail("DBClusterAlreadyExistsFault", f"DB Cluster already exists: {identifier}")
    _check_version(kwargs)
    vpc = subnet_group(self, kwargs.get("db_subnet_group_name")).vpc_id
    kwargs["vpc_security_group_ids"] = groups_of(self, vpc, kwargs.get("vpc_security_group_ids"))
    _check_parameter_group(self, kwargs)
    _check_keys(self, kwargs)
    cluster = original(self, kwargs)
    _keep(cluster, kwargs)
    _make_log_groups(cluster)
    return cluster


@replaces(RDSBackend, "modify_db_cluster")
def _modify_cluster(original: Any, self: Any, kwargs: Any) -> Any:
    identifier = kwargs["db_cluster_identifier"]
    cluster = self.clusters.get(identifier)
    if cluster is None:
        fail("DBClusterNotFoundFault", f"DBCluster {identifier} not found.")
    _check_version({"engine": cluster.engine, "engine_version": kwargs.get("engine_version", cluster.engine_version)})
    _check_parameter_group(self, kwargs)
    _check_keys(self, kwargs)
    groups = kwargs.get("vpc_security_group_ids")
    if groups:
        kwargs["vpc_security_group_ids"] = groups_of(
            self, subnet_group(self, cluster.db_subnet_group_name).vpc_id, groups
        )
    exports = kwargs.pop("cloudwatch_logs_export_configuration", None) or {}
    if "enable_iam_database_authentication" in kwargs:
        cluster.iam_auth = kwargs.pop("enable_iam_database_authentication")
    if kwargs.get("manage_master_user_password") and cluster.manage_master_user_password:
        del kwargs["manage_master_user_password"]  # as it is: moto would make a second secret
    _keep(cluster, {name: kwargs.pop(name) for name in _KEPT if name in kwargs})
    answer = original(self, kwargs)
    removed = exports.get("DisableLogTypes", [])
    kinds = {*cluster.enabled_cloudwatch_logs_exports, *exports.get("EnableLogTypes", [])} - {*removed}
    cluster.enabled_cloudwatch_logs_exports = sorted(kinds)
    _make_log_groups(cluster)
    for member in cluster.members:
        connect(self, member)
    return answer


@replaces(RDSResponse, "delete_db_cluster")
def _delete_cluster(original: Any, self: Any) -> Any:
    """Unless the call says that it need not, a last snapshot is made; the automatic ones go too."""
    given = self.params
    if not given.get("SkipFinalSnapshot") and not given.get("FinalDBSnapshotIdentifier"):
        fail(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    identifier = str(given["DBClusterIdentifier"]).lower()
    answer = original(self)
    if given.get("DeleteAutomatedBackups") is not False:
        snapshots = self.backend.cluster_snapshots
        for name, snapshot in list(snapshots.items()):
            if name.startswith("rds:") and snapshot.cluster.db_cluster_identifier == identifier:
                del snapshots[name]
    return answer


@replaces(RDSBackend, "create_db_instance")
def _create_instance(original: Any, self: Any, db_kwargs: Any) -> Any:
    cluster = self.clusters.get(db_kwargs.get("db_cluster_identifier") or "")
    if cluster is not None:
        zones = subnet_group(self, cluster.db_subnet_group_name).sandbox_zones
        wanted = db_kwargs.get("availability_zone")
        if wanted and wanted not in zones:
            fail("InvalidVPCNetworkStateFault", f"no subnet of the DB subnet group is in {wanted}: {', '.join(zones)}")
    instance = original(self, db_kwargs)
    if isinstance(instance, DBInstanceClustered):
        instance.dbi_resource_id = f"db-{secrets.token_hex(13).upper()}"
        connect(self, instance)
    return instance


@replaces(RDSBackend, "delete_db_instance")
def _delete_instance(original: Any, self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
    instance = original(self, db_instance_identifier, *args, **kwargs)
    disconnect(self, instance)
    return instance


@replaces(RDSBackend, "delete_db_cluster_parameter_group")
def _delete_parameters(original: Any, self: Any, db_cluster_parameter_group_name: str) -> None:
    name = db_cluster_parameter_group_name
    if any(cluster.parameter_group == name for cluster in self.clusters.values()):
        fail("InvalidDBParameterGroupState", f"One or more database clusters are still members of {name}")
    original(self, name)


@replaces(MasterUserSecret, "_generate_secret_string")
def _secret_string(_: Any, self: Any) -> str:
    return json.dumps({"username": self.resource.master_username, "password": secrets.token_urlsafe(24)})


def _keep(cluster: Any, given: Any) -> None:
    enabled = given.get("enable_performance_insights", getattr(cluster, "performance_insights_enabled", False))
    cluster.performance_insights_enabled = enabled
    for name in _KEPT[1:]:
        if given.get(name) is not None:
            setattr(cluster, name, given[name])
    if enabled and not hasattr(cluster, "performance_insights_retention_period"):
        cluster.performance_insights_retention_period = _INSIGHTS_DAYS


def _make_log_groups(cluster: Any) -> None:
    """RDS makes those that nobody has made: without a key, and kept for ever."""
    logs = logs_backends[cluster.account_id][cluster.region]
    for kind in cluster.enabled_cloudwatch_logs_exports:
        name = f"/aws/rds/cluster/{cluster.db_cluster_identifier}/{kind}"
        if name not in logs.groups:
            logs.create_log_group(name, {})


def _check_version(given: Any) -> None:
    version = given.get("engine_version")
    if given["engine"] == "aurora-postgresql" and version and version not in VERSIONS:
        fail("InvalidParameterCombination", f"Cannot find version {version} for aurora-postgresql")


def _check_parameter_group(backend: Any, given: Any) -> None:
    name = given.get("db_cluster_parameter_group_name")
    if name and not name.startswith("default.") and name not in backend.db_cluster_parameter_groups:
        fail("DBClusterParameterGroupNotFound", f"DBClusterParameterGroup not found: {name}")


def _check_keys(backend: Any, given: Any) -> None:
    for name, service in (
        ("kms_key_id", "rds"),
        ("performance_insights_kms_key_id", "rds"),
        ("master_user_secret_kms_key_id", "secretsmanager"),
    ):
        key = given.get(name)
        if key and not may_use_through(backend, key, service, grants=service == "rds"):
            fail("KMSKeyNotAccessibleFault", f"{name}: it does not exist, or not through {service}: {key}")


def _reset_parameters(backend: Any, given: dict[str, Any]) -> dict[str, Any]:
    name = given["db_cluster_parameter_group_name"]
    group = backend.db_cluster_parameter_groups.get(name) or fail("DBParameterGroupNotFound", f"not found: {name}")
    names = [each["ParameterName"] for each in given.get("parameters", [])]
    for parameter in list(group.parameters) if given.get("reset_all_parameters") else names:
        group.parameters.pop(parameter, None)
    return {"DBClusterParameterGroupName": name}


extend("rds", {"ResetDBClusterParameterGroup": _reset_parameters})
