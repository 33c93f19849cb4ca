"""The client of Amazon Bedrock, wide enough for a fan-out, with credentials that can be renewed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fanloom.errors import MissingCredentials
from fanloom.models import names
from fanloom.models.clients.client_options import Fields

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from fanloom.models.aws.aws_credentials import LiveCredentials

_MAX_CONNECTIONS = 1000


def bedrock(spec: names.Spec, timeout_s: float, fields: Fields, kind: type | None = None) -> BaseChatModel:
    """Return a client, a WideBedrockConverse unless a subclass of it is asked for. Raises MissingCredentials."""
    import boto3
    from botocore.config import Config

    from fanloom.models.aws.aws_credentials import LiveCredentials, live_session
    from fanloom.models.aws.bedrock_arn import ids
    from fanloom.models.bedrock import WideBedrockConverse

    credentials = LiveCredentials()
    session = boto3.Session(botocore_session=live_session(credentials))
    # boto3 itself reads AWS_DEFAULT_REGION only; every other AWS tool knows AWS_REGION.
    region = os.environ.get("AWS_REGION") or session.region_name
    # A bearer token is the environment's, and with another one this is another model.
    signs_with = None if os.environ.get("AWS_BEARER_TOKEN_BEDROCK") else credentials
    _check(spec, region, signs_with)
    config = Config(
        retries={"total_max_attempts": 1},
        max_pool_connections=_MAX_CONNECTIONS,
        connect_timeout=min(timeout_s, 10),
        read_timeout=timeout_s,
    )
    clients = {
        field: session.client(service, region_name=region, config=config)
        for field, service in (("client", "bedrock-runtime"), ("bedrock_client", "bedrock"))
    }
    named = ids(spec.model, lambda: clients["bedrock_client"])
    model: WideBedrockConverse = (kind or WideBedrockConverse)(
        **named, region_name=region, config=config, **clients, **fields
    )
    model.live_credentials = signs_with
    return model


def _check(spec: names.Spec, region: str | None, signs_with: LiveCredentials | None) -> None:
    """Raise MissingCredentials for what the caller has to set."""
    wanted = f"model '{spec.provider}:{spec.model}' needs"
    if not region:
        raise MissingCredentials(f"{wanted} a region: set AWS_REGION, for example AWS_REGION=us-east-1.")
    if signs_with and signs_with.find() is None:
        raise MissingCredentials(
            f"{wanted} AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or AWS_BEARER_TOKEN_BEDROCK; or choose the model 'offline', which needs none."
        )
