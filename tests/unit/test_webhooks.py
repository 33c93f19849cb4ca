"""Whom the server calls when a run ends: nobody unless it is switched on, and never a machine inside a network."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import Auth

from fanloom.errors import InvalidSettings
from fanloom.server.webhooks import check_policy, check_webhook, is_public

ROOT = Path(__file__).parents[2]
INSIDE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0"),
    *("fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"),
    *(
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:807f:fffe",
        "2001:db8::1",
        "fec0::1",
        "nonsense",
    ),
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_somebodys_own(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::1"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(address)


async def refused(url: str) -> bool:
    try:
        await check_webhook(url)
    except Auth.exceptions.HTTPException as error:
        return error.status_code == 403
    return False


@pytest.mark.parametrize("url", ["https://8.8.8.8/x", "http://127.0.0.1/x", "/ok"])
async def test_they_are_off(url: str) -> None:
    assert await refused(url)
    assert not await refused("")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "/ok",
            "//127.0.0.1/x",
            "http:///x",
            "ftp://8.8.8.8/x",
            "file:///etc/passwd",
            "http://me:pw@8.8.8.8/",
            "x",
            "http://[",
        ),
        *(
            "http://localhost/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0/",
        ),
        *(
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[fe80::1]/",
            "http://[64:ff9b::7f00:1]/",
        ),
        *(
            "http://169.254.169.254/latest/meta-data",
            "https://10.0.0.1:8443/x",
            "http://8.8.8.8@127.0.0.1/",
            "http://127.0.0.1#@8.8.8.8/",
        ),
        *("http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/", "http://[2002:7f00:1::]/"),
    ],
)
async def test_where_they_are_on_none_leads_inside(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("FANLOOM_WEBHOOKS", "true")
    assert await refused(url)


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (["93.184.215.14"], True),
        (["93.184.215.14", "2606:4700::1111"], True),
        (["93.184.215.14", "10.0.0.1"], False),
        (["::ffff:10.0.0.1"], False),
        ([], None),
    ],
)
async def test_every_address_of_a_name_counts(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], allowed: bool | None
) -> None:
    def resolved(*_: Any, **__: Any) -> list[Any]:
        if not addresses:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]

    monkeypatch.setenv("FANLOOM_WEBHOOKS", "true")
    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    assert await refused("https://hooks.example/x") is not bool(allowed)


@pytest.mark.parametrize(
    ("policy", "is_enough"),
    [
        ({"disable_private_ips": True}, True),
        ({"disable_private_ips": True, "disable_loopback": False}, False),
        ({"disable_private_ips": False}, False),
        ({}, False),
        (None, False),
    ],
)
def test_they_need_a_policy_for_redirects(monkeypatch: pytest.MonkeyPatch, policy: Any, is_enough: bool) -> None:
    if policy is not None:
        monkeypatch.setenv("LANGGRAPH_WEBHOOKS", json.dumps({"url": policy}))
    check_policy()
    monkeypatch.setenv("FANLOOM_WEBHOOKS", "true")
    if is_enough:
        check_policy()
    else:
        with pytest.raises(InvalidSettings, match="disable_private_ips"):
            check_policy()


def test_the_project_has_that_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANLOOM_WEBHOOKS", "true")
    given = json.loads((ROOT / "langgraph.json").read_text())["webhooks"]
    monkeypatch.setenv("LANGGRAPH_WEBHOOKS", json.dumps(given))
    check_policy()
