"""Whose exception it is: a client's, or that of code which whoever uses Fanloom has written."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from traceback import walk_tb

# Packages that clients are made of; who else raises their exceptions speaks for a client, as a scripted model does.
_CLIENTS = ("botocore", "boto3", "google", "grpc", "openai", "anthropic", "mistralai", "cohere", "groq", "langchain")
_NETWORK = (
    *("httpx", "httpx2", "httpcore", "httpcore2", "h11", "h2", "aiohttp", "urllib3", "requests", "websockets"),
    *("anyio", "ssl", "socket"),
)
# Compiled code is known by the path at which it was written, such as aiohttp/_http_writer.pyx.
_INSTALLED = ("site-packages", "dist-packages", ".pyx")
_FANLOOM = str(Path(__file__).parents[2])
_PYTHONS = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(Path(sysconfig.__file__).parent)})


def is_a_clients(error: BaseException) -> bool:
    """Say whether an exception is of a type that clients raise, or was raised with no code of the user's between.

    A scripted model, a callback or an understudy that fails has a defect that its owner wants to see as it is.
    """
    package = type(error).__module__.partition(".")[0]
    if package in _CLIENTS or package in _NETWORK or package.startswith("langchain_"):
        return True
    return not any(_is_the_users(frame.f_code.co_filename) for frame, _ in walk_tb(error.__traceback__))


def _is_the_users(file: str) -> bool:
    if file.startswith(("<frozen ", _FANLOOM)) or any(installed in file for installed in _INSTALLED):
        return False
    return not file.startswith(_PYTHONS)
