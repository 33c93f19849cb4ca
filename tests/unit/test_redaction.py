"""Secrets in texts and URLs: what must be masked, what must stay, and that large documents cost little."""

from __future__ import annotations

import re
import time
from base64 import b64encode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fanloom.redaction import redact, show_url
from fanloom.redaction.key_forms import _FORMS, _SHORTEST, _is_too_plain, mask_keys

MARK = "S3KRETq"
_TEXT = "Aa1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0"


def made(prefix: str, length: int = 40) -> str:
    return prefix + (_TEXT * 3)[:length]


KEYS = {
    "openai": made("sk-", 48),
    "openai project": made("sk-proj-", 100),
    "anthropic": made("sk-ant-api03-", 90) + "-AA",
    "openrouter": made("sk-or-v1-", 64),
    "google": made("AIzaSy", 33),
    "google token": made("ya29.a0", 100),
    "google client": made("GOCSPX-", 28),
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "aws session": "ASIAIOSFODNN7EXAMPLE",
    "azure client": "abc8Q~" + _TEXT[:34],
    "github": made("ghp_", 36),
    "github oauth": made("gho_", 36),
    "github app": made("ghs_", 36),
    "github refresh": made("ghr_", 36),
    "github user": made("ghu_", 36),
    "github fine-grained": made("github_pat_11", 80),
    "gitlab": made("glpat-", 20),
    "gitlab deploy": made("gldt-", 20),
    "slack bot": "xoxb-123456789012-1234567890123-" + _TEXT[:24],
    "slack user": "xoxp-123456789012-" + _TEXT[:24],
    "slack app": "xapp-1-A0123456789-" + _TEXT[:30],
    "stripe": made("sk_live_", 24),
    "stripe restricted": made("rk_live_", 24),
    "stripe test": made("sk_test_", 24),
    "hugging face": made("hf_", 34),
    "npm": made("npm_", 36),
    "pypi": made("pypi-AgEIcHlwaS5vcmc", 60),
    "langsmith": "lsv2_pt_0123456789abcdef_0123456789",
    "groq": made("gsk_", 52),
    "xai": made("xai-", 80),
    "perplexity": made("pplx-", 48),
    "nvidia": made("nvapi-", 64),
    "sendgrid": made("SG.", 22) + "." + _TEXT[:40],
    "shopify": "shpat_" + "0a1b2c3d" * 4,
    "databricks": "dapi" + "0a1b2c3d" * 4,
    "google of 2026": made("AQ.Ab8RN6", 40),
    "google refresh": made("1//0g", 60),
    "bedrock": made("ABSKQmVkcm9ja0FQSUtleS1", 100) + "=",
    "bedrock for a day": made("bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9", 100) + "==",
    "azure model": _TEXT + _TEXT[:12] + "JQQJ99BCACYeBjFXJ3w3AAABACOG" + _TEXT[:4],
    "azure devops": _TEXT + _TEXT[:36] + "AZDO" + _TEXT[:4],
    "bitbucket": made("ATBB", 32),
    "bitbucket repository": made("ATCTT3xFfGN0", 80),
    "gitlab runner": made("GR1348941", 20),
    "cerebras": made("csk-", 48),
    "together": made("tgp_v1_", 43),
    "jina": made("jina_", 60),
    "voyage": made("pa-", 43),
    "pinecone": made("pcsk_", 60),
    "elevenlabs": "sk_" + "0a1b2c3d" * 6,
    "supabase": made("sb_secret_", 30),
    "supabase user": "sbp_" + "0a1b2c3d" * 5,
    "heroku": made("HRKU-AA", 50),
    "notion": made("ntn_", 46),
    "notion before": made("secret_", 43),
    "figma": made("figd_", 40),
    "twilio": "SK" + "0a1b2c3d" * 4,
    "telegram": "1234567890:AA" + _TEXT[:33],
    "jwt": made("eyJhbGciOiJIUzI1NiJ9.eyJ", 30) + "." + _TEXT[:43],
    "pem": f"-----BEGIN PRIVATE KEY-----\n{_TEXT}\n{_TEXT}\n-----END PRIVATE KEY-----",
    "rsa": f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{_TEXT}\n-----END RSA PRIVATE KEY-----",
    "openssh in json": f"-----BEGIN OPENSSH PRIVATE KEY-----\\n{_TEXT}\\n-----END OPENSSH PRIVATE KEY-----\\n",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("around", ["a call with {}.", '{{"a": "{}"}}', "{}", "x={}&y", "({}, 'b')", "key:{}\nnext"])
def test_keys_of_providers_and_forges(key: str, around: str) -> None:
    masked = redact(around.format(key))
    assert "***" in masked
    assert key[8:24] not in masked
    assert _TEXT[:16] not in masked


LABELLED = [
    f"x-api-key: {MARK}-0123",
    f'{{"x-api-key": "{MARK}-0123"}}',
    f"X-API-Key: {MARK}-0123",
    f"api-key: 0{MARK}0123",
    f"/v1/models?api_key={MARK}",
    f"/v1/models?a=b&key={MARK}&c=d",
    f"https://host.example/x?access_token={MARK}",
    f"https://bucket.example/x?X-Amz-Signature={MARK}&X-Amz-Date=1",
    f"https://blob.example/x?sv=2022&sig={MARK}",
    f"aws_secret_access_key = {MARK}/bPxRfiCYEXAMPLEKEY+0123456789ab",
    f'"SecretAccessKey": "{MARK}/bPxRfiCYEXAMPLEKEY+0123456789ab"',
    f"MISTRAL_API_KEY={MARK}",
    f"export COHERE_API_KEY='{MARK}'",
    f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={MARK}==;EndpointSuffix=x",
    f"Endpoint=sb://a.example/;SharedAccessKeyName=b;SharedAccessKey={MARK}=",
    f"host=127.0.0.1 user=u password={MARK} dbname=db",
    f"host=127.0.0.1 password='{MARK}' dbname=db",
    f"Server=tcp:a,1433;User ID=u;Password={MARK};Encrypt=True",
    f'{{"password": "{MARK}"}}',
    f'{{\\"password\\": \\"{MARK}\\"}}',
    f"{{'client_secret': '{MARK}-0123'}}",
    f"Authorization: Bearer {MARK}.abcdefgh",
    "Authorization: Basic " + b64encode(f"u:{MARK}".encode()).decode(),
    "AUTHORIZATION: BASIC " + b64encode(f"u:{MARK}".encode()).decode(),
    f"AUTHORIZATION: BEARER {MARK}.abcdefgh0123",
    f"authorization: {MARK}-0123456789",
    f"Authorization: token {MARK}0123456789",
    f"{{'authorization': 'ApiKey {MARK}0123456789'}}",
    f"(b'authorization', b'token {MARK}0123456789')",
    f"('x-api-key', '{MARK}-0123')",
    f"[(b'x-api-key', b'{MARK}-0123'), (b'accept', b'*/*')]",
    f'["x-goog-api-key", "{MARK}-0123"]',
    f"x-api-key: {MARK}",
    f"https://host.example/x?api%5Fkey={MARK}",
    f"redis://:{MARK}@cache:6379/0",
    f"amqp://guest:{MARK}@mq.example:5672/%2f",
    f"postgresql://u:{MARK}/pw@127.0.0.1:1/db is not there",
    f"postgresql://127.0.0.1:1/db?password={MARK}&user=u",
    f"mongodb+srv://u:p%40{MARK}@cluster.example/db?retryWrites=true",
    f"git clone https://oauth2:{MARK}@gitlab.example/a/b.git",
    f"connect to 'postgresql://u:{MARK}'quote@h/db' failed",
    f"https://u:a#{MARK}@proxy.example:8080",
]


@pytest.mark.parametrize("text", LABELLED)
def test_what_stands_after_the_name_of_a_secret(text: str) -> None:
    masked = redact(text)
    assert MARK not in masked
    assert b64encode(f"u:{MARK}".encode()).decode() not in masked
    assert "***" in masked


STAYS = [
    "Basic knowledge of tokens: a token is a word.",
    "basic authentication and bearer certificates",
    "Bearer certificates are old.",
    "risk-management-strategies and task-oriented-dialogue",
    "max_tokens=100, input_tokens: 2000, token_count=12",
    "the key: value pairs; sort_key=name; primary key = id",
    "Password: choose a long one. Secret: nobody knows.",
    "password=None, token=null, secret: true, api_key=$OPENAI_API_KEY",
    "The secret: eat slowly",
    "send `x-api-key: KEY` or `x-api-key: YOUR_API_KEY` with it",
    '{"required": ["api_key", "customer_identifier", "token", "answer"], "a": ["password", "confirm"]}',
    "Authorization: see the chapter about keys and authorization in general",
    "SKETCH, ASK and a ratio of 12:AA; pa-per, csk-1, secret_santa_of_the_year",
    "https://medium.example/@somebody/a-post?page=2#part",
    "https://maps.example/maps/@52.52,13.40,12z",
    "see https://example.com/a?b=c&d=e and http://localhost:8080/x",
    '{"url":"https://example.com/a","mail":"jane@example.com"}',
    "mail jane@example.com about it: https://example.com.",
    "hf_transfer_is_a_package_for_files and npm_config_registry",
    "postgresql://127.0.0.1:5432/db and sqlite:///.fanloom/support.db",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "eyJ is how a header begins; 3.14159 and v1.2.3.4",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "faq_parallel, support_desk, gl-123, SG.1, sk-1",
]


@pytest.mark.parametrize("text", STAYS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host:8/path", "https://host:8/path"),
        ("https://me:pass@host/path?key=x#y", "https://host/path"),
        ("http://me:pa/s?s#w@host", "http://host"),
        ("http://me:a://b@host", "http://host"),
        ("me:pass@host", "host"),
        ("", ""),
        (f"postgresql://u:{MARK}/pw@127.0.0.1:1/db", "postgresql://127.0.0.1:1/db"),
        (f"postgresql://127.0.0.1:1/db?password={MARK}&user=u", "postgresql://127.0.0.1:1/db"),
        (f"postgresql+psycopg://u:p@a:1,b:2/db?password={MARK}", "postgresql+psycopg://a:1,b:2/db"),
        (f"jdbc:postgresql://h/db?user=u&password={MARK}", "jdbc:postgresql://h/db"),
        (f"sqlserver://h:1433;user=u;password={MARK}", "sqlserver://h:1433"),
        (f"host=h port=1 user=u password='a {MARK}' dbname=d", "host=h port=1 dbname=d"),
        (f"host=h password=a {MARK}", "***"),
        ("postgresql:///db", "postgresql:///db"),
        ("sqlite:////data/a@b/x.db?mode=ro", "sqlite:////data/a@b/x.db"),
        ("postgresql://u:p@[::1]:5432/db", "postgresql://[::1]:5432/db"),
        # Where more than one reading makes sense, nothing is told but the scheme.
        (f"postgresql://u:1/{MARK}@h/db", "postgresql://***"),
        (f"postgresql://h/db?password=a@{MARK}", "postgresql://***"),
        (f"postgresql://u:{MARK}", "postgresql://***"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    assert show_url(url) == shown


AWKWARD = st.text(alphabet="ab1@/?#:%&=;, '\"\\[]+.~-\u00e9\u4e16\n", max_size=8)
PASSWORDS = st.tuples(AWKWARD, AWKWARD).map(MARK.join)
PLACES = st.sampled_from(["h", "127.0.0.1:5432", "db.example:1", "[::1]:5432", "a:1,b:2", "localhost"])
SCHEMES = st.sampled_from(["postgresql", "postgresql+psycopg", "https", "http", "redis", "mongodb+srv", "jdbc:mysql"])


@given(SCHEMES, PASSWORDS, PLACES, st.sampled_from(["", "/", "/db", "/db?sslmode=require", "/a@b"]))
@example("postgresql", f"1/{MARK}", "h", "/db")
@example("https", f"a@{MARK}/x", "h", "/a@b")
def test_no_password_before_the_host_is_shown(scheme: str, password: str, place: str, path: str) -> None:
    assert MARK not in show_url(f"{scheme}://u:{password}@{place}{path}")
    # A user with no password, as the token of a forge.
    assert MARK not in show_url(f"{scheme}://{password}@{place}{path}")


@given(SCHEMES, PLACES, st.sampled_from(["password", "api_key", "token", "sig", "x"]), PASSWORDS)
@example("postgresql", "h", "password", f"a@{MARK}")
def test_no_field_of_a_query_is_shown(scheme: str, place: str, name: str, password: str) -> None:
    for user in ("", "u@", "u:pw@", "u:p/w@"):
        assert MARK not in show_url(f"{scheme}://{user}{place}/db?user=u&{name}={password}")


@given(PASSWORDS)
@example(f"@{MARK}://")
def test_no_password_of_libpq_is_shown(password: str) -> None:
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    assert MARK not in show_url(f"host=h dbname=d password='{quoted}' user=u")
    assert MARK not in show_url(f"password='{quoted}' host=h")


@given(st.text(alphabet="ab1@/?#:%&=;,+.~-\u00e9", max_size=8), PLACES)
def test_no_password_in_a_text_is_told(start: str, place: str) -> None:
    assert MARK not in redact(f"cannot reach postgresql://u:{start}{MARK}x@{place}/db, try again")


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    show_url(text)
    redact(text)


def test_a_password_is_known_without_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_DATABASE", f"postgresql://u:p%40{MARK}/x@h/db")
    for told in (f"p%40{MARK}/x", f"p@{MARK}/x"):
        assert redact(f"no login with {told}.") == "no login with ***."


@settings(max_examples=10, deadline=None)
@pytest.mark.parametrize("form", [form for _, form in _FORMS], ids=[hint for hint, _ in _FORMS])
@given(st.data())
def test_what_is_passed_over_is_no_key(form: re.Pattern[str], data: st.DataObject) -> None:
    found = form.search(data.draw(st.from_regex(form, alphabet=st.characters(min_codepoint=32, max_codepoint=126))))
    assert found
    assert len(found[0]) >= _SHORTEST
    assert not any(map(str.isspace, found[0]))
    assert not _is_too_plain(found[0])
    assert found[0] not in mask_keys(f"so {found[0]}\nit is")


def test_documents_of_megabytes_cost_little() -> None:
    prose = (
        "A token: the key of a task is kept. Its password and secret are asked at https://example.com/a?b=c for 1-2-3; "
    )
    document = prose * (2_000_000 // len(prose))
    began = time.process_time()
    assert redact(document) == document
    plain = time.process_time() - began
    print(f"2 MB with every hint: {plain:.2f} s")
    began = time.process_time()
    redact("lorem ipsum dolor sit amet " * (2_000_000 // 27))
    print(f"2 MB without any: {time.process_time() - began:.3f} s")


@given(st.sampled_from(["sk-", "://", "eyJ", "password=", "-----BEGIN PRIVATE KEY-----", "AIza", "Basic ", "@", "'"]))
def test_no_form_takes_longer_than_its_text(piece: str) -> None:
    small, large = (measured(piece * n) for n in (2_000, 16_000))
    assert large < 60 * max(small, 0.001)


def measured(text: str) -> float:
    began = time.process_time()
    redact(text)
    return time.process_time() - began
