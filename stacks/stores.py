"""The stores of a stack's models, and what using one takes: rights, a way through the network, addresses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
from slipway.security import DataClass
from slipway.serving import OnlineStore, ServiceDatabase
from slipway.serving._subnets import subnet_plan
from slipway.serving.model_service import EgressArgs
from slipway.serving.online_store import OnlineStoreArgs
from slipway.serving.service_database import ServiceDatabaseArgs

from stacks.contract import PlatformContract
from stacks.settings import Settings

if TYPE_CHECKING:
    from stacks.platform import Platform

ONLINE_VARIABLES = ("ONLINE_STORE_TABLE",)
DATABASE_VARIABLES = ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGSSLMODE", "PGSSLROOTCERT")
DATABASE_PORT = 5432


@dataclass(frozen=True)
class Use:
    """What a model needs in order to use its stores."""

    reads: list[pulumi.Output[str]] = field(default_factory=list)
    writes: list[pulumi.Output[str]] = field(default_factory=list)
    uses: list[pulumi.Output[str]] = field(default_factory=list)
    variables: dict[str, pulumi.Output[str]] = field(default_factory=dict)
    egress: list[EgressArgs] = field(default_factory=list)


@dataclass(frozen=True)
class Stores:
    """The stores of a stack, by name."""

    online: dict[str, OnlineStore] = field(default_factory=dict)
    databases: dict[str, ServiceDatabase] = field(default_factory=dict)
    keys: dict[str, pulumi.Output[str]] = field(default_factory=dict)
    """Key of each data class that a store may have."""

    def of_model(self, name: str, settings: Settings) -> Use:
        """What the model ``name`` gets of them."""
        wanted, use = settings.models[name].stores, Use()
        if wanted.online:
            store = self.online[wanted.online]
            use.reads.append(store.table_arn)
            if wanted.online_writes:
                use.writes.append(store.table_arn)
            use.uses.append(self.keys[settings.stores.online[wanted.online].data_class])
            use.variables.update({variable: store.environment[variable] for variable in ONLINE_VARIABLES})
        if wanted.database:
            database = self.databases[wanted.database]
            use.uses.append(database.connect_arn)
            use.variables.update({variable: database.environment[variable] for variable in DATABASE_VARIABLES})
            use.egress.extend({"cidr_block": block, "port": DATABASE_PORT} for block in _networks(settings))
        return use


def declare(settings: Settings, contract: PlatformContract, base: "Platform | None") -> Stores:
    """Declare the stores that ``settings`` define; databases only on a platform of the same stack."""
    by_class = {"models": contract.models_key_arn, "personal": contract.personal_key_arn}
    online = {
        name: OnlineStore(f"store-{name}", _online_args(name, settings, by_class)) for name in settings.stores.online
    }
    databases: dict[str, ServiceDatabase] = {}
    if base:
        databases = {
            name: ServiceDatabase(f"database-{name}", _database_args(name, settings, by_class, base))
            for name in settings.stores.databases
        }
    return Stores(online, databases, by_class)


def _online_args(name: str, settings: Settings, keys: dict[str, pulumi.Output[str]]) -> OnlineStoreArgs:
    store = settings.stores.online[name]
    args: OnlineStoreArgs = {
        "table_name": f"{settings.namespace}-{settings.environment}-{name}",
        "data_class": DataClass(store.data_class),
        "key_arn": keys[store.data_class],
        "hash_key": store.hash_key,
        "deletion_protection": settings.deletion_protection,
    }
    if store.range_key:
        args["range_key"] = store.range_key
    if store.ttl_attribute:
        args["ttl_attribute"] = store.ttl_attribute
    if store.max_read_units:
        args["max_read_request_units"] = store.max_read_units
    if store.max_write_units:
        args["max_write_request_units"] = store.max_write_units
    return args


def _database_args(
    name: str, settings: Settings, by_class: dict[str, pulumi.Output[str]], base: "Platform"
) -> ServiceDatabaseArgs:
    assert settings.network, "settings.problems() requires it where databases are"
    database = settings.stores.databases[name]
    args: ServiceDatabaseArgs = {
        "cluster_identifier": f"{settings.namespace}-{settings.environment}-{name}"[:40].rstrip("-"),
        "data_class": DataClass(database.data_class),
        "key_arn": by_class[database.data_class],
        "logs_key_arn": base.keys.key_arns["logs"],
        "vpc_id": base.network.vpc_id,
        "subnet_ids": base.network.intra_subnet_ids,
        "zones": [settings.region + letter for letter in database.zones or settings.network.zones[:2]],
        "allowed_security_group_ids": [base.cluster.cluster_security_group_id],
        "min_acu": database.min_acu,
        "max_acu": database.max_acu,
        "log_days": settings.network.flow_log_days,
        "final_snapshot": settings.deletion_protection,
        "deletion_protection": settings.deletion_protection,
    }
    if database.backup_days:
        args["backup_days"] = database.backup_days
    return args


def _networks(settings: Settings) -> Sequence[str]:
    """The subnets of databases: a network policy's shape must be known before there is a VPC."""
    network: Any = settings.network  # problems() requires it
    zones = [settings.region + letter for letter in network.zones]
    return [subnets.intra for subnets in subnet_plan(network.cidr, zones).values()]
