"""The Pod Security Standard ``restricted``, with every reason.

A real API server enforces it on pods only: it would accept a Deployment with a forbidden template, warn, and then run
no pod. Here the template itself is refused, because nothing here would ever notice the missing pods.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.providers.kubernetes.rules import containers
from sandbox.providers.kubernetes.schema import short
from sandbox.providers.values import UNKNOWN

ENFORCE = "pod-security.kubernetes.io/enforce"
"""Label of a namespace that says its level."""

_VOLUMES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
_SYSCTLS = (
    "kernel.shm_rmid_forced",
    *(
        f"net.ipv4.{name}"
        for name in (
            *("ip_local_port_range", "ip_local_reserved_ports", "ip_unprivileged_port_start", "ping_group_range"),
            *("tcp_fin_timeout", "tcp_keepalive_intvl", "tcp_keepalive_probes", "tcp_keepalive_time"),
            *("tcp_rmem", "tcp_syncookies", "tcp_wmem"),
        )
    ),
)
_SELINUX = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_PROFILES = ("RuntimeDefault", "Localhost")

Problem = tuple[str, str]


def problems(path: str, spec: dict[str, Any]) -> list[Problem]:
    """Path and text of everything in a pod's spec that ``restricted`` forbids.

    The spec fits its schema; a single value that is not known yet is taken for right.
    """
    pod = spec.get("securityContext") or {}
    found = [*_host(path, spec), *_context(f"{path}.securityContext", pod), *_sysctls(path, pod)]
    for index, volume in enumerate(spec.get("volumes") or []):
        for source in sorted(set(volume) - {"name", *_VOLUMES}):
            found.append((f"{path}.volumes[{index}].{source}", f"accepted: {', '.join(_VOLUMES)}"))
    for place, container in containers(path, spec):
        found += _container(place, container, pod)
    return [(where, f"{text} (Pod Security level restricted)") for where, text in found]


def _host(path: str, spec: dict[str, Any]) -> Iterator[Problem]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field) is True:
            yield f"{path}.{field}", "accepted: false: received: true"


def _sysctls(path: str, pod: dict[str, Any]) -> Iterator[Problem]:
    for index, sysctl in enumerate(pod.get("sysctls") or []):
        if sysctl.get("name") not in (*_SYSCTLS, UNKNOWN):
            accepted = ", ".join(sorted(_SYSCTLS))
            yield (
                f"{path}.securityContext.sysctls[{index}].name",
                f"accepted: {accepted}: received: {sysctl.get('name')}",
            )


def _context(path: str, context: dict[str, Any]) -> Iterator[Problem]:
    """What must hold for the security context of a pod as well as of a container."""
    if (context.get("windowsOptions") or {}).get("hostProcess") is True:
        yield f"{path}.windowsOptions.hostProcess", "accepted: false: received: true"
    if context.get("runAsUser") == 0:
        yield f"{path}.runAsUser", "accepted: any but 0: received: 0"
    if context.get("runAsNonRoot") is False:
        yield f"{path}.runAsNonRoot", "accepted: true: received: false"
    options = context.get("seLinuxOptions") or {}
    for field, accepted in (("type", _SELINUX), ("user", ("",)), ("role", ("",))):
        if options.get(field, "") not in (*accepted, UNKNOWN):
            names = ", ".join(name or "nothing" for name in accepted)
            yield f"{path}.seLinuxOptions.{field}", f"accepted: {names}: received: {options[field]}"
    for field in ("seccompProfile", "appArmorProfile"):
        type_ = (context.get(field) or {}).get("type", "RuntimeDefault")
        if type_ not in (*_PROFILES, UNKNOWN):
            yield f"{path}.{field}.type", f"accepted: {' or '.join(_PROFILES)}: received: {short(type_)}"


def _container(path: str, container: dict[str, Any], pod: dict[str, Any]) -> Iterator[Problem]:
    context = container.get("securityContext") or {}
    inner = f"{path}.securityContext"
    yield from _context(inner, context)
    if context.get("privileged") is True:
        yield f"{inner}.privileged", "accepted: false: received: true"
    if context.get("allowPrivilegeEscalation") not in (False, UNKNOWN):
        received = _received(context.get("allowPrivilegeEscalation"))
        yield f"{inner}.allowPrivilegeEscalation", f"accepted: false: received: {received}"
    if context.get("procMount", "Default") not in ("Default", UNKNOWN):
        yield f"{inner}.procMount", f"accepted: Default: received: {context['procMount']}"
    capabilities = context.get("capabilities") or {}
    if not {"ALL", UNKNOWN} & set(capabilities.get("drop") or []):
        yield f"{inner}.capabilities.drop", f"accepted: [ALL]: received: {_received(capabilities.get('drop'))}"
    added = [name for name in capabilities.get("add") or [] if name not in ("NET_BIND_SERVICE", UNKNOWN)]
    if added:
        yield f"{inner}.capabilities.add", f"accepted: NET_BIND_SERVICE: received: {', '.join(added)}"
    if "runAsNonRoot" not in context and "runAsNonRoot" not in pod:
        yield f"{inner}.runAsNonRoot", "accepted: true, here or on the pod: received: nothing"
    if "seccompProfile" not in context and "seccompProfile" not in pod:
        accepted = f"{' or '.join(_PROFILES)}, here or on the pod"
        yield f"{inner}.seccompProfile.type", f"accepted: {accepted}: received: nothing"
    for index, port in enumerate(container.get("ports") or []):
        if port.get("hostPort", 0) not in (0, UNKNOWN):
            yield f"{path}.ports[{index}].hostPort", f"accepted: nothing: received: {port['hostPort']}"
    yield from _probes(path, container)


def _probes(path: str, container: dict[str, Any]) -> Iterator[Problem]:
    """A probe or hook that names a host would make the kubelet call an address of the pod's choice."""
    lifecycle = container.get("lifecycle") or {}
    handlers = {f"lifecycle.{name}": lifecycle.get(name) for name in ("postStart", "preStop")}
    handlers |= {name: container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")}
    for name, handler in handlers.items():
        for action in ("httpGet", "tcpSocket"):
            host = ((handler or {}).get(action) or {}).get("host", "")
            if host not in ("", UNKNOWN):
                yield f"{path}.{name}.{action}.host", f"accepted: nothing: received: {host}"


def _received(value: Any) -> str:
    return "nothing" if value is None else short(value)
