"""Files that look as if they held secrets: their content never enters a prompt or an index.

The patterns are matched against every part of a path, in lower case.  A file that is wrongly
taken for a secret costs a suggestion; the other mistake costs more, so the list is generous.
"""

from __future__ import annotations

import fnmatch
import functools
import re

#: Names of files and folders that are never read.
SECRET_PATTERNS = (
    # Settings of programs, with tokens and passwords in them.
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".dockercfg",
    ".dockerconfigjson",
    ".htpasswd",
    "*.tfvars",
    "*.tfstate",
    "*.tfstate.*",
    "kubeconfig",
    # Keys and certificates with keys.
    "*.pem",
    "*.key",
    "*.p8",
    "*.p12",
    "*.pfx",
    "*.pkcs12",
    "*.jks",
    "*.keystore",
    "*.ppk",
    "*.asc",
    "*.gpg",
    "*.pgp",
    "*.kdbx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    # By what they are called.
    "*credential*",
    "secret",
    "secrets",
    "secret.*",
    "secrets.*",
    "*_secret.*",
    "*_secrets.*",
    "*-secret.*",
    "*-secrets.*",
    "*.secret",
    "*.secrets",
    "*password*",
    "*passwd*",
    "service-account*.json",
    "service_account*.json",
    # Folders of keys.
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".gcloud",
    ".kube",
    ".docker",
)


def looks_secret(path: str) -> bool:
    """Whether a file's name, or a folder on the way to it, looks like a place for secrets.

    Args:
        path: Relative to a workspace folder, or a name alone.
    """
    return any(_is_secret_name(part) for part in re.split(r"[/\\]", path))


@functools.lru_cache(maxsize=10_000)
def _is_secret_name(name: str) -> bool:
    return _compiled().fullmatch(name.lower()) is not None


@functools.cache
def _compiled() -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in SECRET_PATTERNS))
