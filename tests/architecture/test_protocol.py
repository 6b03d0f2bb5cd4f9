"""docs/protocol.md and the messages speak of the same kinds, senders, refusals and limits."""

import re
from typing import get_args

from places import ROOT
from surge.model.task import CHUNK_OUTPUT
from surge.net import messages as m
from surge.net.accept import MAX_HANDSHAKES, MAX_WAITING
from surge.net.ticket import MAX_TICKET
from surge.provider.agent import HELLO_SECONDS, SEND_SECONDS
from surge.provider.config import ProviderConfig
from surge.provider.lease.session import MAX_MAKING, MAX_QUEUE
from surge.provider.pending import MAX_OF_ONE_PEER, MAX_STRANGERS
from surge.store.blobs import MAX_BLOBS

TEXT = (ROOT / "docs" / "protocol.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Cells of the table that begins with this header cell."""
    table = TEXT.split(f"| {heading} |")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([a-z-]+)`", cell)


def tags(union: object) -> set[str]:
    return {kind.__struct_config__.tag for kind in get_args(union)}


def test_every_message_is_told_with_its_sender() -> None:
    told: dict[str, set[str]] = {"renter": set(), "provider": set(), "both": set()}
    for kinds, sender, _ in rows("Message"):
        told[sender] |= set(named(kinds))
    renter, provider = tags(m.FromRenter), tags(m.FromProvider)
    assert told["renter"] <= renter
    assert told["provider"] | set(named("`progress` `image-ready`")) <= provider
    assert told["both"] <= renter | provider
    answered = set(named(" ".join(notes for _, _, notes in rows("Message"))))
    assert renter | provider == told["renter"] | told["provider"] | told["both"] | answered


def test_the_picture_shows_each_message_going_its_way() -> None:
    picture = TEXT.split("```mermaid")[1].split("```")[0]
    sent = re.findall(r"^\s*([RP])->>([RP]): ([a-z-]+)", picture, re.MULTILINE)
    assert {tag for source, _, tag in sent if source == "R"} == tags(m.FromRenter)
    assert {tag for source, _, tag in sent if source == "P"} == tags(m.FromProvider) - {"sorry"}


def test_every_refusal_is_told() -> None:
    told = [code for codes, _ in rows("Code of `sorry`") for code in named(codes)]
    assert sorted(told) == sorted(m.Refusal)


def test_every_kind_belongs_to_one_side() -> None:
    assert tags(m.FromRenter).isdisjoint(tags(m.FromProvider))
    assert set(m.Message.__subclasses__()) == {*get_args(m.FromRenter), *get_args(m.FromProvider)}


def test_the_limits_told_are_those_of_the_code() -> None:
    limits = dict(rows("What"))
    assert limits["frame before the session stands"] == f"{m.OPENING_LIMIT >> 10} KiB"
    assert limits["frame afterwards"] == f"{m.SESSION_LIMIT >> 20} MiB"
    assert limits["blob; part of one"] == f"{m.MAX_BLOB >> 20} MiB; {m.MAX_PART >> 20} MiB"
    assert limits["output of a task"] == f"{m.MAX_OUTPUT >> 20} MiB"
    assert limits["tasks in a chunk; blobs that they name"] == f"{m.MAX_TASKS:,}; {m.MAX_NAMED:,}"
    assert limits["ticket"] == f"{MAX_TICKET:,} characters"
    assert limits["handshakes under way; links waiting"] == f"{MAX_HANDSHAKES}; {MAX_WAITING}"
    before = f"{MAX_STRANGERS}; {MAX_OF_ONE_PEER}; {HELLO_SECONDS:.0f}"
    assert limits["links before hello; of one peer; seconds until hello"] == before
    assert limits["outputs of a chunk, after which it ends"] == f"{CHUNK_OUTPUT >> 20} MiB"
    quota = ProviderConfig.model_fields["disk_mib"].default
    kept = limits["blobs that a provider keeps (`disk_mib`); of one renter"]
    assert kept == f"{quota >> 10} GiB; half of it, {MAX_BLOBS:,} blobs"
    assert limits["chunks and images that wait"] == f"{MAX_QUEUE} and {MAX_MAKING}"
    assert limits["seconds that a renter may not read"] == f"{SEND_SECONDS:.0f}"
