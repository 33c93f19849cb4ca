"""Bedrock models that are named by an ARN: inference profiles, provisioned, custom and imported models, routers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fanloom.errors import UnknownModel
from fanloom.redaction import redact

_NAMED = re.compile(r"(?:(?P<base>[^:].*?):)?(?P<arn>arn:.*)", re.IGNORECASE)
# The kind of an ARN, and the id of the model that stands behind it where the ARN holds it.
_HELD = re.compile(
    r":(foundation-model|inference-profile|default-prompt-router|custom-model)/(?:(?:us|eu|apac|global|us-gov|jp|au|ca)\.)?(?P<base>[\w-]+\.[^/]+)"
)
# Which call of Bedrock's control plane tells of each other kind, and the fields that lead to what stands behind it.
_TOLD = {
    "application-inference-profile": ("get_inference_profile", "inferenceProfileIdentifier", ("models", "modelArn")),
    "inference-profile": ("get_inference_profile", "inferenceProfileIdentifier", ("models", "modelArn")),
    "provisioned-model": ("get_provisioned_model_throughput", "provisionedModelId", ("foundationModelArn",)),
    "custom-model": ("get_custom_model", "modelIdentifier", ("baseModelArn",)),
    "custom-model-deployment": ("get_custom_model_deployment", "customModelDeploymentIdentifier", ("modelArn",)),
    "prompt-router": ("get_prompt_router", "promptRouterArn", ("models", "modelArn")),
}
_MOST_STEPS = 3


def ids(model: str, control_plane: Callable[[], Any]) -> dict[str, str]:
    """Return what ChatBedrockConverse is to be told of a model: its id, and for an ARN whose model stands behind it.

    That stands in the ARN, or before it with a colon (`amazon:arn:...`, `amazon.nova-pro-v1:0:arn:...`); else Bedrock
    is asked. Raises UnknownModel if that fails, with what to write.
    """
    named = _NAMED.fullmatch(model)
    if named is None:
        return {"model_id": model}
    arn = named["arn"]
    base = named["base"] or _base(arn, control_plane)
    return {"model_id": arn, "base_model_id": base, "provider": base.partition(".")[0].lower()}


def _base(arn: str, control_plane: Callable[[], Any]) -> str:
    reason: object = "the ARN is of no kind that is known here"
    for _ in range(_MOST_STEPS):
        if held := _HELD.search(arn):
            return held["base"]
        kind = arn.split(":", 5)[-1].partition("/")[0]
        if kind not in _TOLD:
            break
        try:
            arn = _behind(arn, *_TOLD[kind], control_plane())
        except Exception as error:  # noqa: BLE001 - no permission, no network, no such thing: each is told
            reason = error
            break
    raise UnknownModel(
        f"which model stands behind {arn!r} is not known ({redact(str(reason))}): allow its lookup, or write whose "
        "model it is before the ARN, as in 'bedrock_converse:amazon:arn:aws:bedrock:...'."
    )


def _behind(arn: str, call: str, parameter: str, fields: tuple[str, ...], client: Any) -> str:
    found: Any = getattr(client, call)(**{parameter: arn})
    for field in fields:
        found = (found[0] if isinstance(found, list) else found)[field]
    return str(found)
