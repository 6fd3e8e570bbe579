"""Helm charts, recorded only: what would be installed is kept as a file, and nothing is rendered or run.

``helm.sh/v3:Release`` is a resource whose chart Helm installs on the server's side. ``helm.sh/v4:Chart`` is a component
of the provider's own: the engine asks for it by ``Construct`` and gets a component without children. Both are
checked for what Helm would refuse before it fetched anything.
"""

import difflib
import hashlib
from typing import Any

from sandbox.providers.backend import Existing, Failure
from sandbox.providers.changes import Difference, compare
from sandbox.providers.kubernetes.backend import KubernetesBackend
from sandbox.providers.kubernetes.kinds import ObjectKind
from sandbox.providers.kubernetes.schema import short
from sandbox.providers.values import UNKNOWN, Properties, has_unknown

RELEASE = "kubernetes:helm.sh/v3:Release"
CHART = "kubernetes:helm.sh/v4:Chart"

_SHARED = (
    "chart dependencyUpdate devel keyring name namespace repositoryOpts skipAwait skipCrds valueYamlFiles values "
    "verify version"
)
_FIELDS = {
    RELEASE: _SHARED + " allowNullValues atomic cleanupOnFail compat createNamespace description disableCRDHooks "
    "disableOpenapiValidation disableWebhooks forceUpdate lint manifest maxHistory postrender recreatePods "
    "renderSubchartNotes replace resetValues resourceNames reuseValues takeOwnership timeout waitForJobs",
    CHART: _SHARED + " includeHooks plainHttp postRenderer resourcePrefix",
}
_REPOSITORY = "caFile certFile keyFile password repo username"
_KIND = ObjectKind("helm.sh/v3", "Release")


class KubernetesWithHelm(KubernetesBackend):
    """One cluster, charts included."""

    constructs = True

    def check(
        self, type_: str, urn: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[Failure]]:
        """A release gets a name and a namespace; objects as ever."""
        if type_ != RELEASE:
            return super().check(type_, urn, name, olds, news, seed)
        made = olds.get("name") or f"{name.lower()}-{hashlib.sha256(seed).hexdigest()[:8]}"
        inputs = {"name": made, "namespace": self.default_namespace, **news}
        return inputs, problems(type_, inputs)

    def diff(self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties) -> Difference:
        """Another name or namespace is another release."""
        if type_ != RELEASE:
            return super().diff(type_, identifier, olds, outputs, news)
        return compare(olds, news, ("name", "namespace"))

    def create(self, type_: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Record the release."""
        if type_ != RELEASE:
            return super().create(type_, inputs, timeout)
        return f"{inputs['namespace']}/{inputs['name']}", self._record(inputs, 1)

    def read(self, type_: str, identifier: str, inputs: Properties, outputs: Properties) -> Existing | None:
        """The release as it was recorded."""
        if type_ != RELEASE:
            return super().read(type_, identifier, inputs, outputs)
        found = self.store.get(_KIND, *identifier.split("/"))
        return None if found is None else Existing(identifier, _outputs(found), found["spec"])

    def update(
        self, type_: str, identifier: str, olds: Properties, outputs: Properties, news: Properties, timeout: float
    ) -> Properties:
        """Record the release's next revision."""
        if type_ != RELEASE:
            return super().update(type_, identifier, olds, outputs, news, timeout)
        return self._record(news, int(outputs["status"]["revision"]) + 1)

    def delete(self, type_: str, identifier: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """Forget the release."""
        if type_ != RELEASE:
            super().delete(type_, identifier, inputs, outputs, timeout)
        else:
            self.store.delete(_KIND, *identifier.split("/"))

    def construct(self, type_: str, name: str, inputs: Properties) -> Properties:
        """A chart without its objects; raises ``ValueError`` that names what is wrong with it."""
        if type_ != CHART:
            raise ValueError(f"{type_} is not supported by the sandbox: declare the objects themselves")
        found = problems(type_, inputs)
        if found:
            raise ValueError(f"{name}: " + "; ".join(f"{key}: {text}" for key, text in found))
        return {"resources": [], "__recorded": True}

    def _record(self, inputs: Properties, revision: int) -> Properties:
        place = {"name": inputs["name"], "namespace": inputs["namespace"]}
        said = {key: value for key, value in inputs.items() if not key.startswith("__")}
        status = {"revision": revision}
        manifest = {"apiVersion": _KIND.api_version, "kind": _KIND.name, "metadata": place}
        manifest |= {"spec": said, "status": status}
        self.store.put(_KIND, place["namespace"], place["name"], manifest)
        return _outputs(manifest)


def problems(type_: str, inputs: Properties) -> list[Failure]:
    """What is wrong with a chart's or a release's arguments; what is not known yet is taken for right."""
    found = _unknown("", inputs, _FIELDS[type_])
    options = inputs.get("repositoryOpts") or {}
    if isinstance(options, dict):
        found += _unknown("repositoryOpts.", options, _REPOSITORY)
    chart, version, values = inputs.get("chart"), inputs.get("version"), inputs.get("values")
    if not chart:
        found.append(("chart", "accepted: a chart's name or its address: received: nothing"))
    elif not has_unknown([chart, options]) and "://" not in chart and not options.get("repo"):
        found.append(("repositoryOpts.repo", f"accepted: the repository that has {chart}: received: nothing"))
    if not version:
        found.append(("version", "accepted: an exact version, else two runs install two: received: nothing"))
    if values is not None and values != UNKNOWN and not isinstance(values, dict):
        found.append(("values", f"accepted: a map: received: {short(values)}"))
    return found


def _unknown(prefix: str, given: Properties, fields: str) -> list[Failure]:
    known = sorted(fields.split())
    found: list[Failure] = []
    for key in sorted(set(given) - set(known)):
        if not key.startswith("__"):
            close = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean {close[0]}?" if close else f"; here: {', '.join(known)}"
            found.append((prefix + key, f"no such field{hint}"))
    return found


def _outputs(manifest: dict[str, Any]) -> Properties:
    said = manifest["spec"]
    status = {
        "name": said["name"],
        "namespace": said["namespace"],
        "chart": said["chart"],
        "version": said["version"],
        "revision": manifest["status"]["revision"],
        "status": "deployed",
    }
    return {"resourceNames": {}, **said, "status": status, "__recorded": True}
