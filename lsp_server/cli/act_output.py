"""What `bantam act list` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from lsp_server.actions.registry import find_action
from lsp_server.actions.values import Effect, Need, Offer
from lsp_server.cli.border import note


def print_offers(offers: Sequence[Offer], *, as_json: bool) -> None:
    """Print what can be done at a place, and why not where the model cannot."""
    if as_json:
        values = {"actions": [_json(offer) for offer in offers]}
        click.echo(json.dumps(values, indent=2, ensure_ascii=False))
        return
    if not offers:
        note("nothing can be done here: name a line of a function or class, or select lines")
    width = max((len(offer.name) for offer in offers), default=0)
    for offer in offers:
        click.echo(f"{offer.name:<{width}}  {offer.title}")
        if offer.disabled:
            click.echo(f"{'':<{width}}  {offer.disabled}")


def _json(offer: Offer) -> dict[str, Any]:
    needs = find_action(offer.name).need
    return {
        "name": offer.name,
        "title": offer.title,
        "kind": offer.kind,
        "needs": "infill" if needs is Need.INFILL else "chat",
        "gives": "edit" if offer.effect is Effect.EDIT else "text",
        "disabled": offer.disabled or None,
    }
