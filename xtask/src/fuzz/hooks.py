"""Hooks of schemathesis for `cargo xtask fuzz`.

What is generated knows no id of the books and no version of a record, so most operations would
only ever say 404. Requests that are meant to be right get ids that the lists of the books name,
and the ETag that the record has; those that are meant to be wrong stay as they were generated.
At the end the operations that answered 2xx are written to the file HEQI_FUZZ_REACHED.
"""

import atexit
import os
import random
import re
from collections import defaultdict

import requests
import schemathesis
from schemathesis import GenerationMode

BASE = os.environ["HEQI_FUZZ_BASE"]
COOKIE = {"Cookie": os.environ["HEQI_FUZZ_COOKIE"]}
CHOICE = random.Random(1)
ID = re.compile(r"^([a-z]+)-\d+$")
# Whom the run is signed in as: ended or disabled, nothing would answer any more.
SPARED = set()
POOL = defaultdict(list)
REACHED = set()
SEEN = set()


def ask(path):
    answer = requests.get(BASE + path, headers=COOKIE, timeout=30)
    return answer if answer.ok else None


def take_in(value):
    """Notes every id that stands in an answer."""
    if isinstance(value, dict):
        for inner in value.values():
            take_in(inner)
    elif isinstance(value, list):
        for inner in value:
            take_in(inner)
    elif isinstance(value, str) and (found := ID.match(value)):
        kind = found.group(1)
        if value not in SPARED and value not in POOL[kind]:
            POOL[kind].append(value)


def look():
    """Every list of the books, and what belongs to the first few of their records."""
    me = ask("/api/me").json()
    person = me["user"]["id"]
    SPARED.add(person)
    # A session has no id of its own in `/api/me`: all that are open are ours.
    for session in ask("/api/me/sessions").json():
        SPARED.add(session.get("id"))
    for grant in ask(f"/api/users/{person}/grants").json():
        SPARED.add(grant.get("id"))
    POOL["company"] = [company["id"] for company in me["companies"]]
    SPARED.update(POOL["company"])
    document = ask("/api/openapi.json").json()
    lists = sorted(
        (path for path, item in document["paths"].items() if "get" in item),
        key=lambda path: path.count("{"),
    )
    for path in lists:
        if any(word in path for word in ("export", "events", "download", "openapi", "metrics")):
            continue
        for _ in range(3 if "{" in path.replace("{company}", "") else 1):
            try:
                filled = re.sub(r"\{(\w+)\}", lambda found: CHOICE.choice(POOL[found[1]]), path)
            except IndexError:
                break
            answer = ask(filled)
            if answer is not None and "json" in answer.headers.get("content-type", ""):
                take_in(answer.json())


def is_right(case):
    meta = case.meta
    return meta is None or meta.generation.mode == GenerationMode.POSITIVE


def real(value, name=""):
    """A body with real ids wherever it has generated ones."""
    if isinstance(value, dict):
        return {key: real(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [real(inner, name) for inner in value]
    if isinstance(value, str):
        found = ID.match(value)
        kind = found.group(1) if found else name.removesuffix("s")
        if POOL.get(kind):
            return CHOICE.choice(POOL[kind])
    return value


@schemathesis.hook
def before_call(context, case, kwargs):
    if not POOL:
        look()
    if not is_right(case):
        return
    for name in case.path_parameters or {}:
        if POOL.get(name):
            case.path_parameters[name] = CHOICE.choice(POOL[name])
    if isinstance(case.body, (dict, list)):
        case.body = real(case.body)
    for name in case.query or {}:
        if POOL.get(name):
            case.query[name] = CHOICE.choice(POOL[name])
    headers = case.headers or {}
    if case.method in ("PATCH", "PUT", "POST", "DELETE") and any(
        name.lower() == "if-match" for name in headers
    ):
        tag = version(case)
        if tag:
            for name in [name for name in headers if name.lower() == "if-match"]:
                case.headers[name] = tag


def version(case):
    """The ETag of the record that a change is about: at its address, or at one above it."""
    path = case.formatted_path
    while path.count("/") > 3:
        answer = ask(path)
        if answer is not None and "etag" in answer.headers:
            return answer.headers["etag"]
        path = path.rsplit("/", 1)[0]
    return None


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.definition.raw.get("operationId", case.operation.label)
    SEEN.add(operation)
    if 200 <= response.status_code < 300:
        REACHED.add(operation)
        if case.method == "POST" and "json" in response.headers.get("content-type", [""])[0]:
            try:
                take_in(response.json())
            except ValueError:
                pass


@atexit.register
def tell():
    with open(os.environ["HEQI_FUZZ_REACHED"], "w", encoding="utf-8") as file:
        for operation in sorted(SEEN):
            file.write(f"{operation} {'reached' if operation in REACHED else 'refused'}\n")
