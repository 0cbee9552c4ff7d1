from __future__ import annotations

import pytest

from lsp_server.context.secrets import looks_secret

SECRET = [
    ".env",
    ".env.production",
    "config/prod.env",
    "server.pem",
    "deep/down/tls.key",
    "cert.p12",
    "store.pfx",
    "id_rsa",
    "id_rsa.pub",
    "id_ed25519",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    "aws_credentials.py",
    "credentials.json",
    "MyCredentials.java",
    "secrets.py",
    "secrets.yaml",
    "app_secrets.toml",
    "client_secret.json",
    "Secret.kt",
    "secrets/index.ts",
    ".ssh/config",
    "home/.aws/config",
    "passwords.txt",
    "prod.tfvars",
    "terraform.tfstate",
    "release.keystore",
    "service-account-prod.json",
]

NOT_SECRET = [
    "environment.py",
    "env.py",
    "keyboard.py",
    "key.py",
    "monkey.go",
    "secretary.py",
    "store/keys.ts",
    "pem.rs",
    "token.go",
    "netrc.py",
]


@pytest.mark.parametrize("path", SECRET)
def test_file_looks_secret(path: str) -> None:
    assert looks_secret(path)


@pytest.mark.parametrize("path", SECRET)
def test_file_looks_secret_in_capitals_and_on_windows(path: str) -> None:
    assert looks_secret(path.upper().replace("/", "\\"))


@pytest.mark.parametrize("path", NOT_SECRET)
def test_file_does_not_look_secret(path: str) -> None:
    assert not looks_secret(path)
