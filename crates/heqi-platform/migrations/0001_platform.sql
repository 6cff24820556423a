-- What every feature stands on: companies, the audit chain, jobs, idempotent requests, files.

CREATE TABLE process_slot (
    slot BIGINT PRIMARY KEY,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL
);

-- A company 账套: the enterprise whose books these are. Everything below belongs to one.
CREATE TABLE company (
    id BIGINT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    credit_code TEXT NOT NULL DEFAULT '',
    currency TEXT NOT NULL DEFAULT 'CNY',
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

CREATE TABLE audit_head (
    company_id BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE audit_record (
    company_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    label TEXT NOT NULL,
    detail TEXT NOT NULL,
    request TEXT NOT NULL,
    address TEXT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (company_id, sequence)
);
CREATE INDEX audit_record_object ON audit_record (company_id, object, sequence);
CREATE INDEX audit_record_actor ON audit_record (company_id, actor, sequence);

CREATE TABLE idempotency (
    company_id BIGINT NOT NULL,
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    request BYTEA NOT NULL,
    status BIGINT NOT NULL,
    etag TEXT NOT NULL,
    location TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (company_id, actor, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE job (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    dedup TEXT,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'canceled')),
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    attempts_max BIGINT NOT NULL DEFAULT 5,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
    stage TEXT NOT NULL DEFAULT '',
    done BIGINT NOT NULL DEFAULT 0,
    total BIGINT NOT NULL DEFAULT 0,
    result TEXT,
    problem TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT
);
CREATE UNIQUE INDEX job_dedup ON job (company_id, kind, dedup)
    WHERE dedup IS NOT NULL AND state IN ('queued', 'running');
CREATE INDEX job_waiting ON job (run_at) WHERE state IN ('queued', 'running');
CREATE INDEX job_company ON job (company_id, id);

-- Files 原件, sealed, in parts of a bounded size: one backup holds everything.
CREATE TABLE blob (
    company_id BIGINT NOT NULL,
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (company_id, digest)
);
CREATE TABLE blob_part (
    company_id BIGINT NOT NULL,
    digest TEXT NOT NULL,
    part BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (company_id, digest, part)
);

-- What is to be sent to the outside, written with the change that causes it.
CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    dedup TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    UNIQUE (company_id, channel, dedup)
);
