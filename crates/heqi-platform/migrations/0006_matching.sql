-- Rules, runs, groups, holds and discrepancies 规则 匹配 挂起 差异.

CREATE TABLE rules (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    toml TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'proposed', 'active', 'retired', 'rejected')),
    owner_id BIGINT NOT NULL,
    proposed_by TEXT NOT NULL DEFAULT '',
    approved_by TEXT NOT NULL DEFAULT '',
    active_from BIGINT,
    active_to BIGINT,
    bench TEXT,
    note TEXT NOT NULL DEFAULT '',
    decision_note TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    UNIQUE (company_id, number)
);
CREATE UNIQUE INDEX rules_active ON rules (company_id) WHERE state = 'active';

-- A run 对账批次: a plan with its digest, then its commit. Engine and rules make it repeatable.
CREATE TABLE match_run (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    -- None: every customer in reach.
    customer_id BIGINT,
    -- Lines through this day; all of them if none.
    as_of TEXT,
    rules_id BIGINT,
    engine TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'committed', 'stale', 'undone')),
    summary TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    committed_by TEXT NOT NULL DEFAULT '',
    committed_at BIGINT,
    undone_by TEXT NOT NULL DEFAULT '',
    undone_at BIGINT,
    undone_note TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX match_run_company ON match_run (company_id, id);

-- Lines that settle each other, or are proposed to.
CREATE TABLE match_group (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    currency TEXT NOT NULL,
    run_id BIGINT,
    -- Hash of what its members say: the same in every run.
    content_id TEXT NOT NULL,
    pass TEXT NOT NULL,
    -- How far the kernel decided it.
    state TEXT NOT NULL CHECK (state IN ('settled', 'differs', 'suggested')),
    -- Live groups hold their lines; the others are history or proposals.
    status TEXT NOT NULL CHECK (status IN ('live', 'suggested', 'rejected', 'undone', 'replaced')),
    -- A person confirmed or made it: a later run leaves it alone.
    decided BOOLEAN NOT NULL DEFAULT FALSE,
    ours BIGINT NOT NULL,
    theirs BIGINT NOT NULL,
    difference BIGINT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    sentence_zh TEXT NOT NULL DEFAULT '',
    sentence_en TEXT NOT NULL DEFAULT '',
    evidence TEXT NOT NULL DEFAULT '',
    -- Place among the suggestions for the same lines.
    rank BIGINT NOT NULL DEFAULT 0,
    -- A bulk act: one undo takes all of its groups back.
    act_id BIGINT,
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at BIGINT,
    decision_note TEXT NOT NULL DEFAULT '',
    undone_at BIGINT,
    -- The signed period that it stands in; then it is not undone.
    period_id BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);
CREATE INDEX match_group_customer ON match_group (company_id, customer_id, status, id);
CREATE INDEX match_group_content ON match_group (company_id, content_id);
CREATE INDEX match_group_run ON match_group (run_id);
CREATE INDEX match_group_act ON match_group (act_id) WHERE act_id IS NOT NULL;

CREATE TABLE group_member (
    company_id BIGINT NOT NULL,
    group_id BIGINT NOT NULL REFERENCES match_group (id),
    side TEXT NOT NULL CHECK (side IN ('ours', 'theirs')),
    line_id BIGINT NOT NULL,
    PRIMARY KEY (group_id, line_id)
);
CREATE INDEX group_member_line ON group_member (line_id);

-- The one live group of a line: of two people who take it, one wins.
CREATE TABLE line_claim (
    line_id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    group_id BIGINT NOT NULL REFERENCES match_group (id)
);
CREATE INDEX line_claim_group ON line_claim (group_id);

CREATE TABLE line_hold (
    line_id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    until_date TEXT,
    held_by TEXT NOT NULL,
    held_at BIGINT NOT NULL
);

-- A discrepancy 差异: one reason, one signed amount (ours - theirs), the lines it stands on. Its
-- identity, the contents of its lines, survives every run, and so does all that people did.
CREATE TABLE discrepancy (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    currency TEXT NOT NULL,
    content_id TEXT NOT NULL,
    group_id BIGINT,
    run_id BIGINT,
    -- `main+note`, as in reasons.
    reason TEXT NOT NULL,
    amount BIGINT NOT NULL,
    sentence_zh TEXT NOT NULL DEFAULT '',
    sentence_en TEXT NOT NULL DEFAULT '',
    evidence TEXT NOT NULL DEFAULT '',
    -- Open until somebody resolves it; gone when a later run no longer finds it.
    status TEXT NOT NULL CHECK (status IN ('open', 'held', 'resolved', 'carried', 'gone')),
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    owner_id BIGINT,
    due_date TEXT,
    cause TEXT NOT NULL DEFAULT '',
    hold_until TEXT,
    resolution TEXT NOT NULL DEFAULT '',
    resolved_by TEXT NOT NULL DEFAULT '',
    resolved_at BIGINT,
    period_id BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (company_id, customer_id, currency, content_id)
);
CREATE INDEX discrepancy_open ON discrepancy (company_id, status, customer_id, id);
CREATE INDEX discrepancy_owner ON discrepancy (company_id, owner_id, status);

CREATE TABLE discrepancy_line (
    company_id BIGINT NOT NULL,
    discrepancy_id BIGINT NOT NULL REFERENCES discrepancy (id),
    side TEXT NOT NULL CHECK (side IN ('ours', 'theirs')),
    line_id BIGINT NOT NULL,
    PRIMARY KEY (discrepancy_id, line_id)
);
CREATE INDEX discrepancy_line_line ON discrepancy_line (line_id);

-- What a person did to matches in one go 操作; one undo takes all of it back.
CREATE TABLE match_act (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('confirm', 'reject', 'manual', 'unmatch', 'hold',
        'release')),
    note TEXT NOT NULL DEFAULT '',
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    undone_by TEXT NOT NULL DEFAULT '',
    undone_at BIGINT,
    undone_note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX match_act_company ON match_act (company_id, id);

-- What an act found before it changed it: what its undo puts back.
CREATE TABLE act_change (
    company_id BIGINT NOT NULL,
    act_id BIGINT NOT NULL REFERENCES match_act (id),
    object TEXT NOT NULL CHECK (object IN ('group', 'discrepancy', 'hold')),
    object_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    -- JSON; empty: there was nothing.
    was TEXT NOT NULL,
    PRIMARY KEY (act_id, object, object_id)
);
CREATE INDEX act_change_object ON act_change (object_id, object);

-- Customers whose lines have changed since they were last matched. Written by triggers where the
-- ledger notes that a customer's lines changed, once for many lines; taken by the run, under the
-- customer's lock.
CREATE TABLE match_due (
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    PRIMARY KEY (company_id, customer_id)
);
