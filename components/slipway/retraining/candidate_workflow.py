"""What happens with a candidate."""

import json
from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from slipway import _check
from slipway.retraining import _parts, _reading
from slipway.retraining._guard import SOURCE
from slipway.security import Principal
from slipway.security.workload_identity import WorkloadIdentityArgs

CANDIDATE = "CandidateReady"
EVENT_TYPE = "slipway-candidate"
"""What a GitHub workflow listens to: ``on: repository_dispatch: types: [slipway-candidate]``."""
_FIELDS = ("model", "release", "run", "previous", "evaluation_uri", "environment")
_REPOSITORY = (r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}", "a repository of GitHub: <owner>/<repository>")
_API = (r"https://[^\s/?#@]+(/[^\s?#@]*[^\s/?#@])?", "the API of GitHub: https://<host>, without a / at its end")
_A_MINUTE = 1


class How(StrEnum):
    """What is done with a candidate."""

    PULL_REQUEST = "pull_request"
    """A pull request puts its release into the settings, for a person to merge."""
    ROLL_OUT = "roll_out"
    """The settings get its release at once; the rollout's own gate still decides."""


class CandidateWorkflowArgs(TypedDict):
    """Inputs of ``CandidateWorkflow``; the addresses are outputs of a ``RetrainingEnvironment``."""

    environment: str
    """Name of the environment, such as ``prod``."""
    event_bus_arn: pulumi.Input[str]
    """Bus that candidates are announced on."""
    dead_letter_queue_arn: pulumi.Input[str]
    """Queue of announcements that could not be delivered."""
    topic_arn: NotRequired[pulumi.Input[str]]
    """Topic that says what to do by hand; needed without ``repository``."""
    how: NotRequired[How]
    """What the workflow does: pull_request or roll_out. Default: pull_request, which asks a person."""
    repository: NotRequired[str]
    """Repository of GitHub with the stack's settings, ``<owner>/<repository>``, whose workflow is started. Default:
    none; people are told by the topic."""
    token: NotRequired[pulumi.Input[str]]
    """With ``repository``: a token of GitHub that may write to this repository's contents and to nothing else.
    Secret."""
    api_url: NotRequired[str]
    """API of GitHub. Default: ``https://api.github.com``."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str]]
    """Policy that bounds what the role can ever do. Default: no boundary."""
    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags added to the provider's default tags. Default: no extra tags."""


class CandidateWorkflow(pulumi.ComponentResource):
    """Hands each candidate of an environment to the repository of its settings, or to people. Not stateful.

    A workflow of the repository gets the event ``slipway-candidate`` with model, release, run, the release that it
    would replace, where its evaluation is, the environment, and ``how``.
    """

    rule_arn: pulumi.Output[str]
    """ARN of the rule, to disable it by hand."""

    def __init__(self, name: str, args: CandidateWorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = dict(args) | ({"token": pulumi.Output.secret(args["token"])} if args.get("token") else {})
        super().__init__("slipway:index:CandidateWorkflow", name, inputs, opts)
        _check.known(args, CandidateWorkflowArgs.__annotations__)
        environment = _check.matches("environment", args.get("environment"), *_reading.ENVIRONMENT)
        how = How(_check.one_of("how", args.get("how", How.PULL_REQUEST), How))
        for arg in ("event_bus_arn", "dead_letter_queue_arn"):
            _check.given(args, arg, *_reading.ARNS[arg])
        together = _check.together(args, "repository", "token")
        child = pulumi.ResourceOptions(parent=self)

        if together:
            repository = _check.matches("repository", args.get("repository"), *_REPOSITORY)
            if not args["token"]:
                _check.refuse("token", "a token of GitHub", "")
            api_url = _check.matches("api_url", args.get("api_url", "https://api.github.com"), *_API)
            target, role = self._dispatch(name, args, repository, api_url)
            transformer = dispatch_input(how)
        else:
            _refuse_without_repository(args, how)
            target, role = _check.given(args, "topic_arn", *_reading.ARNS["topic_arn"]), None
            transformer = notice(environment)
        self.rule_arn = _parts.rule(
            f"{name}-candidates",
            bus=_parts.bus_name(args["event_bus_arn"]),
            pattern=pattern(environment),
            target_arn=target,
            role_arn=role,
            transformer=transformer,
            dead_letter_arn=args["dead_letter_queue_arn"],
            tags=args.get("tags"),
            child=child,
        ).arn
        self.register_outputs({"ruleArn": self.rule_arn})

    def _dispatch(
        self, name: str, args: CandidateWorkflowArgs, repository: str, api_url: str
    ) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """The call to GitHub and the role that makes it; the token is kept by EventBridge, in Secrets Manager."""
        child = pulumi.ResourceOptions(parent=self)
        token = pulumi.Output.secret(args["token"])
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        connection = aws.cloudwatch.EventConnection(
            f"{name}-github",
            authorization_type="API_KEY",
            auth_parameters={
                "api_key": {"key": "Authorization", "value": pulumi.Output.concat("Bearer ", token)},
                "invocation_http_parameters": {
                    "headers": [
                        {"key": key, "value": value, "is_value_secret": False} for key, value in headers.items()
                    ]
                },
            },
            opts=child,
        )
        destination = aws.cloudwatch.EventApiDestination(
            f"{name}-github",
            connection_arn=connection.arn,
            http_method="POST",
            invocation_endpoint=f"{api_url}/repos/{repository}/dispatches",
            invocation_rate_limit_per_second=_A_MINUTE,
            opts=child,
        )
        rights: WorkloadIdentityArgs = {"principal": Principal.EVENTS, "uses": [destination.arn]}
        account = _parts.place(args["event_bus_arn"]).apply(lambda where: where.split()[2])
        return destination.arn, _parts.identity(f"{name}-github", args, account, rights, child).role_arn


def pattern(environment: str) -> str:
    """Which events of the bus are candidates of the environment."""
    return json.dumps({"source": [SOURCE], "detail-type": [CANDIDATE], "detail": {"environment": [environment]}})


def dispatch_input(how: How) -> aws.cloudwatch.EventTargetInputTransformerArgsDict:
    """Body of GitHub's ``repository_dispatch``, of which a payload has at most ten fields."""
    payload = {field: f"<{field}>" for field in _FIELDS} | {"how": str(how)}
    body = {"event_type": EVENT_TYPE, "client_payload": payload}
    return {"input_paths": _paths(_FIELDS), "input_template": json.dumps(body)}


def notice(environment: str) -> aws.cloudwatch.EventTargetInputTransformerArgsDict:
    """What people are told: where to look, and how to take the candidate."""
    lines = (
        f"A retraining of <model> in {environment} ended with the candidate <release>, in place of <previous>.",
        "How it compares: <evaluation_uri>",
        f"What it is: slipway release show --stack {environment} <release>",
        f"To take it: in stacks/Pulumi.{environment}.yaml give <model> 'release: <release>', preview, deploy.",
    )
    template = "\n".join(json.dumps(line) for line in lines)
    return {"input_paths": _paths(("model", "release", "previous", "evaluation_uri")), "input_template": template}


def _paths(fields: tuple[str, ...]) -> dict[str, str]:
    return {field: f"$.detail.{field}" for field in fields}


def _refuse_without_repository(args: CandidateWorkflowArgs, how: How) -> None:
    if args.get("api_url") is not None:
        _check.refuse("api_url", "nothing, because there is no repository", args.get("api_url"))
    if how is How.ROLL_OUT:
        _check.refuse("how", "pull_request, because without a repository nothing but a person can roll out", str(how))
