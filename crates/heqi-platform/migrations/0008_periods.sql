-- Periods 对账期间: prepared, approved, signed, reopened.

-- One account (customer and currency), one run of days. Days of an account have no gap: the
-- next period begins on the day after the last one.
CREATE TABLE period (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL REFERENCES company (id),
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    currency TEXT NOT NULL,
    -- As written: 2026-10, 2026-Q3, 2026, 2026-01-26..2026-02-25.
    span TEXT NOT NULL,
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'prepared', 'approved', 'signed')),
    deadline TEXT,
    -- Why it is signed without a statement of the customer.
    excuse TEXT NOT NULL DEFAULT '',
    -- What was prepared, its digest, and what was checked then.
    snapshot TEXT,
    digest BYTEA,
    checklist TEXT,
    prepared_by TEXT NOT NULL DEFAULT '',
    prepared_at BIGINT,
    approved_by TEXT NOT NULL DEFAULT '',
    approved_at BIGINT,
    signed_by TEXT NOT NULL DEFAULT '',
    signed_at BIGINT,
    -- The number of its last seal; 0 until it is signed.
    seal BIGINT NOT NULL DEFAULT 0,
    reopen_reason TEXT NOT NULL DEFAULT '',
    reopen_by TEXT NOT NULL DEFAULT '',
    reopen_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (company_id, customer_id, currency, first_day),
    CHECK (first_day <= last_day),
    -- Four eyes.
    CHECK (approved_by = '' OR approved_by <> prepared_by)
);
CREATE INDEX period_account ON period (company_id, customer_id, currency, last_day);
CREATE INDEX period_state ON period (company_id, state, deadline);

-- What was signed. A period that is reopened and signed again has two; none is ever deleted.
CREATE TABLE period_seal (
    period_id BIGINT NOT NULL REFERENCES period (id),
    number BIGINT NOT NULL,
    company_id BIGINT NOT NULL,
    snapshot TEXT NOT NULL,
    digest BYTEA NOT NULL,
    -- Where the audit chain stood, signed: one line to be kept outside.
    checkpoint TEXT NOT NULL,
    prepared_by TEXT NOT NULL,
    prepared_at BIGINT NOT NULL,
    approved_by TEXT NOT NULL,
    approved_at BIGINT NOT NULL,
    signed_by TEXT NOT NULL,
    signed_at BIGINT NOT NULL,
    reopened_by TEXT NOT NULL DEFAULT '',
    reopened_at BIGINT,
    reopen_requested_by TEXT NOT NULL DEFAULT '',
    reopen_reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (period_id, number),
    CHECK (reopened_at IS NULL OR reopened_by <> reopen_requested_by)
);

-- How far a chain was walked through last, so that a check before a sign-off reads only what is
-- new. The nightly check takes no notice of it.
CREATE TABLE audit_mark (
    company_id BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    fault TEXT NOT NULL DEFAULT ''
);

-- Checkpoints that were given out: to be held against the chain at every check.
CREATE TABLE audit_checkpoint (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    line TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX audit_checkpoint_company ON audit_checkpoint (company_id, id);
