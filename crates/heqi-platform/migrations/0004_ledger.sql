-- Both ledgers 往来明细: ours, written here; theirs, as the customer stated it.
--
-- A line is one amount in one account (customer and currency), signed from the receivable's
-- side: plus = the customer owes more. A posted line never changes; what is wrong is reversed.

CREATE TABLE line (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('ours', 'theirs')),
    currency TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- Document number and further keys, as written.
    reference TEXT NOT NULL,
    other_reference TEXT NOT NULL DEFAULT '',
    memo TEXT NOT NULL DEFAULT '',
    business_date TEXT NOT NULL,
    posting_date TEXT NOT NULL,
    due_date TEXT,
    amount BIGINT NOT NULL,
    tax BIGINT,
    freight BIGINT,
    -- Spelled out: SQLite builds a table for each row checked against a list of three or more.
    state TEXT NOT NULL CHECK (state = 'posted' OR state = 'draft' OR state = 'review'
        OR state = 'rejected' OR state = 'withdrawn'),
    -- Gapless for each company, side and year of the posting date, given at posting.
    voucher_no BIGINT,
    -- The document it is a leg of (an exchange and a transfer have two), the line it reverses.
    document_id BIGINT,
    reverses_id BIGINT,
    -- Where it came from: system and key there, or batch and row of a file.
    source TEXT NOT NULL DEFAULT '',
    source_key TEXT NOT NULL DEFAULT '',
    batch_id BIGINT,
    batch_row BIGINT,
    -- Digest of what the line says, without where it came from: equal lines have equal digests.
    content BYTEA NOT NULL,
    -- Why it was rejected.
    reason TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL DEFAULT '',
    -- Who wrote it last: neither this person nor the first writer may post it.
    changed_by TEXT NOT NULL DEFAULT '',
    posted_by TEXT NOT NULL DEFAULT '',
    posted_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    -- Which chunk of line_text knows its words; none while nobody has looked.
    text_chunk BIGINT
);
-- The running balance, the statement, the match: one account in order.
-- Holds all that a balance needs: sums never look at the lines themselves.
CREATE INDEX line_account ON line
    (company_id, customer_id, business_date, id, side, currency, state, amount);
-- The query: newest first, of one customer, of one kind, by amount.
CREATE INDEX line_date ON line (company_id, business_date, id);
CREATE INDEX line_kind ON line (company_id, kind, business_date, id);
CREATE INDEX line_amount ON line (company_id, amount, id);
CREATE INDEX line_document ON line (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX line_loose ON line (company_id, id) WHERE text_chunk IS NULL;
CREATE INDEX line_batch ON line (batch_id, batch_row) WHERE batch_id IS NOT NULL;
CREATE UNIQUE INDEX line_source ON line (company_id, side, source, source_key)
    WHERE source_key <> '' AND state <> 'withdrawn';
CREATE INDEX line_waiting ON line (company_id, state, id)
    WHERE state <> 'posted' AND state <> 'withdrawn';
CREATE UNIQUE INDEX line_reversal ON line (reverses_id) WHERE reverses_id IS NOT NULL AND state <> 'rejected';

-- The index of the keyword: for each piece of text (two or three characters as a number) and each
-- chunk of lines, the lines that hold it, as rising numbers.
CREATE TABLE line_text (
    company_id BIGINT NOT NULL,
    piece BIGINT NOT NULL,
    chunk BIGINT NOT NULL,
    lines BYTEA NOT NULL,
    PRIMARY KEY (company_id, piece, chunk)
);

-- The goods and services of a line of ours: quantity and price in millionths.
CREATE TABLE goods_line (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL REFERENCES line (id),
    position BIGINT NOT NULL,
    product_code TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    spec TEXT NOT NULL DEFAULT '',
    unit TEXT NOT NULL DEFAULT '',
    quantity_micro BIGINT NOT NULL,
    price_micro BIGINT NOT NULL,
    tax_ppm BIGINT NOT NULL,
    net BIGINT NOT NULL,
    tax BIGINT NOT NULL
);
CREATE INDEX goods_line_line ON goods_line (line_id);

-- The next voucher number of a series; taken under lock, in the transaction that uses it.
CREATE TABLE voucher_series (
    company_id BIGINT NOT NULL,
    series TEXT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (company_id, series)
);

-- Which customers' ledgers changed last: one number for each change of a company, given under
-- lock, so that who has seen a number has seen every smaller one.
CREATE TABLE ledger_clock (
    company_id BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL
);
CREATE TABLE ledger_change (
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (company_id, customer_id)
);
CREATE INDEX ledger_change_sequence ON ledger_change (company_id, sequence);

CREATE TABLE attachment (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    object TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Taken away: shown no more, and what it was stays known.
    removed_by TEXT NOT NULL DEFAULT '',
    removed_at BIGINT
);
CREATE INDEX attachment_object ON attachment (company_id, object);

-- Views that a person saved: the filter as it stands in the address bar.
CREATE TABLE saved_view (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    screen TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    shared BOOLEAN NOT NULL DEFAULT FALSE,
    version BIGINT NOT NULL DEFAULT 1,
    UNIQUE (company_id, user_id, screen, name)
);
