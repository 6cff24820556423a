#!/usr/bin/env python3
"""Verifies an audit chain from its NDJSON export, without any code of Heqi.

usage: audit-verify.py audit.ndjson [CHECKPOINT ...]      (- reads standard input)
A checkpoint is a line `heqi-audit-v1 COMPANY SEQUENCE HASH INSTANT SIGNATURE` kept outside; its
hash is compared here, its signature (Ed25519) by the program.
"""
import base64
import hashlib
import json
import struct
import sys

FIELDS = ("actor_kind", "actor", "actor_name", "action", "object", "label", "detail", "request",
          "address")


def digest(*fields):
    """Every field carries its length, so that none can flow into the next."""
    sha = hashlib.sha256()
    for field in fields:
        sha.update(struct.pack("<Q", len(field)))
        sha.update(field)
    return sha.digest()


def verify(lines, marks):
    expected, previous = None, None
    for line in filter(str.strip, lines):
        record = json.loads(line)
        if expected is None:
            expected = record["sequence"]
            previous = bytes.fromhex(record["previous"])
            if expected == 1:
                previous = digest(b"heqi.audit.genesis.v1", struct.pack("<q", record["company"]))
        if record["sequence"] != expected:
            return f"record {expected} is missing"
        if bytes.fromhex(record["previous"]) != previous:
            return f"record {expected} does not follow from the one before it"
        numbers = [struct.pack("<q", record[name]) for name in ("company", "sequence", "at_micros")]
        previous = digest(b"heqi.audit.record.v1", *numbers,
                          *(record[name].encode() for name in FIELDS), previous)
        if previous.hex() != record["hash"]:
            return f"record {expected} was changed"
        if marks.pop(expected, previous) != previous:
            return f"record {expected} is not the one that the checkpoint testifies to"
        expected += 1
    if marks:
        return f"the chain ends before record {max(marks)} of a checkpoint"
    return f"ok {expected - 1 if expected else 0} {previous.hex() if previous else ''}"


if __name__ == "__main__":
    words = [line.split(" ") for line in sys.argv[2:]]
    marks = {int(w[2]): base64.urlsafe_b64decode(w[3] + "=") for w in words}
    stream = sys.stdin if sys.argv[1] == "-" else open(sys.argv[1], encoding="utf-8")
    said = verify(stream.read().split("\n"), marks)
    print(said)
    sys.exit(not said.startswith("ok"))
