-- Work on discrepancies and adjustments 差异处理 调整.

-- What stands against a discrepancy: posted adjustments, and entries that a person named. A line
-- clears one discrepancy, never two. What is left of it = its amount + the sum of the effects.
CREATE TABLE discrepancy_settlement (
    line_id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    discrepancy_id BIGINT NOT NULL REFERENCES discrepancy (id),
    -- Signed as the discrepancy is: + for a line of ours, - for one of theirs.
    effect BIGINT NOT NULL,
    -- None: an entry that a person named.
    adjustment_id BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX discrepancy_settlement_of ON discrepancy_settlement (discrepancy_id);

CREATE TABLE discrepancy_comment (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    discrepancy_id BIGINT NOT NULL REFERENCES discrepancy (id),
    author_id BIGINT NOT NULL REFERENCES user_account (id),
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX discrepancy_comment_of ON discrepancy_comment (discrepancy_id, id);

-- What a person is told 通知: somebody named them, or gave them something to clear.
CREATE TABLE notification (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES user_account (id),
    kind TEXT NOT NULL CHECK (kind IN ('mention', 'assigned')),
    object TEXT NOT NULL,
    label TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    from_id BIGINT NOT NULL REFERENCES user_account (id),
    created_at BIGINT NOT NULL,
    read_at BIGINT
);
CREATE INDEX notification_inbox ON notification (company_id, user_id, id);

-- An adjustment 调整: asked for by one person, approved by another, posted as an entry of ours.
-- What it says is never changed, only what became of it.
CREATE TABLE adjustment (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    currency TEXT NOT NULL,
    discrepancy_id BIGINT REFERENCES discrepancy (id),
    kind TEXT NOT NULL,
    -- Signed from the receivable's side: plus = the customer owes more.
    amount BIGINT NOT NULL CHECK (amount <> 0),
    book_date TEXT NOT NULL,
    account TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL DEFAULT '',
    other_reference TEXT NOT NULL DEFAULT '',
    reverses_id BIGINT REFERENCES adjustment (id),
    -- A small difference written off within its limit, without a second person.
    within_limit BOOLEAN NOT NULL DEFAULT FALSE,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'posted', 'rejected', 'withdrawn')),
    line_id BIGINT UNIQUE,
    proposed_by BIGINT NOT NULL REFERENCES user_account (id),
    proposed_at BIGINT NOT NULL,
    decided_by BIGINT REFERENCES user_account (id),
    decided_at BIGINT,
    decision_note TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 1,
    CHECK ((state = 'posted') = (line_id IS NOT NULL)),
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    -- Four eyes.
    CHECK (state NOT IN ('posted', 'rejected') OR within_limit OR decided_by <> proposed_by)
);
CREATE INDEX adjustment_state ON adjustment (company_id, state, id);
CREATE INDEX adjustment_customer ON adjustment (company_id, customer_id, id);
-- One request at a time for one discrepancy, one reversal of one adjustment.
CREATE UNIQUE INDEX adjustment_pending ON adjustment (discrepancy_id)
    WHERE state = 'proposed' AND discrepancy_id IS NOT NULL;
CREATE UNIQUE INDEX adjustment_reversal ON adjustment (reverses_id)
    WHERE state IN ('proposed', 'posted') AND reverses_id IS NOT NULL;

-- Limits 限额 of one company and currency, in minor units; without a row every limit is 0.
CREATE TABLE adjustment_limit (
    company_id BIGINT NOT NULL REFERENCES company (id),
    currency TEXT NOT NULL,
    -- Small differences that one person writes off: each, and in a month for a customer, for all.
    write_off_item BIGINT NOT NULL CHECK (write_off_item >= 0),
    write_off_customer BIGINT NOT NULL CHECK (write_off_customer >= 0),
    write_off_total BIGINT NOT NULL CHECK (write_off_total >= 0),
    -- Above it, summed over a month for a customer, `adjustments.approve_large` is needed.
    approval BIGINT NOT NULL CHECK (approval >= 0),
    version BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (company_id, currency)
);

-- New limits are asked for by one person and approved by another.
CREATE TABLE limit_change (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL REFERENCES company (id),
    currency TEXT NOT NULL,
    write_off_item BIGINT NOT NULL,
    write_off_customer BIGINT NOT NULL,
    write_off_total BIGINT NOT NULL,
    approval BIGINT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected')),
    proposed_by BIGINT NOT NULL REFERENCES user_account (id),
    proposed_at BIGINT NOT NULL,
    decided_by BIGINT REFERENCES user_account (id),
    decided_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    CHECK (state = 'proposed' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX limit_change_pending ON limit_change (company_id, currency)
    WHERE state = 'proposed';
