-- Customers 客户: who owes us, and whom we ask.

CREATE TABLE customer (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL REFERENCES company (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The name as it is compared: without width, case, spacing, punctuation and legal form.
    folded TEXT NOT NULL DEFAULT '',
    -- Folded for search: code, names, their pinyin and initials, each behind a bar.
    search TEXT NOT NULL DEFAULT '',
    credit_code TEXT NOT NULL DEFAULT '',
    parent_id BIGINT REFERENCES customer (id),
    owner_id BIGINT,
    department TEXT NOT NULL DEFAULT '',
    region TEXT NOT NULL DEFAULT '',
    currency TEXT NOT NULL DEFAULT 'CNY',
    term_days BIGINT NOT NULL DEFAULT 30,
    credit_limit BIGINT,
    tags TEXT NOT NULL DEFAULT '[]',
    address TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT 'zh',
    statement_template TEXT NOT NULL DEFAULT '',
    invoice_title TEXT NOT NULL DEFAULT '',
    -- Sealed: account number and bank as JSON; and an index to find the same account by.
    bank_sealed TEXT NOT NULL DEFAULT '',
    bank_index BYTEA,
    note TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'stopped', 'merged')),
    merged_into BIGINT REFERENCES customer (id),
    -- The last day of the last signed period: nothing is dated on or before it any more.
    locked_through TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (company_id, code)
);
CREATE INDEX customer_name ON customer (company_id, name, id);
CREATE INDEX customer_folded ON customer (company_id, folded);
CREATE INDEX customer_parent ON customer (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX customer_merged ON customer (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX customer_owner ON customer (company_id, owner_id);
CREATE INDEX customer_credit_code ON customer (company_id, credit_code);

CREATE TABLE customer_alias (
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    alias TEXT NOT NULL,
    -- The alias as it is compared: one customer for one folded name.
    folded TEXT NOT NULL,
    UNIQUE (company_id, folded)
);
CREATE INDEX customer_alias_customer ON customer_alias (customer_id);

CREATE TABLE customer_contact (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('reconciliation', 'finance', 'purchasing', 'other')),
    phone_sealed TEXT NOT NULL DEFAULT '',
    phone_index BYTEA,
    email TEXT NOT NULL DEFAULT '',
    channel TEXT NOT NULL DEFAULT '',
    position BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX customer_contact_customer ON customer_contact (customer_id);

-- A new bank account: asked for by one person, approved by another.
CREATE TABLE bank_change (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    bank_sealed TEXT NOT NULL,
    bank_index BYTEA NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected')),
    proposed_by TEXT NOT NULL,
    proposed_at BIGINT NOT NULL,
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at BIGINT,
    note TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX bank_change_customer ON bank_change (customer_id, id);
CREATE UNIQUE INDEX bank_change_open ON bank_change (customer_id) WHERE state = 'proposed';

-- Two customers that are one: what moved, so that it can move back.
CREATE TABLE customer_merge (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    merged_id BIGINT NOT NULL REFERENCES customer (id),
    into_id BIGINT NOT NULL REFERENCES customer (id),
    status_before TEXT NOT NULL,
    moved TEXT NOT NULL,
    locked_through TEXT NOT NULL,
    reason TEXT NOT NULL,
    merged_by TEXT NOT NULL,
    merged_at BIGINT NOT NULL,
    undone_by TEXT NOT NULL DEFAULT '',
    undone_at BIGINT
);
CREATE INDEX customer_merge_into ON customer_merge (into_id);
CREATE UNIQUE INDEX customer_merge_live ON customer_merge (merged_id) WHERE undone_at IS NULL;

-- Products and services 商品与服务.
CREATE TABLE product (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL REFERENCES company (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    search TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('goods', 'service')),
    spec TEXT NOT NULL DEFAULT '',
    unit TEXT NOT NULL DEFAULT '',
    barcode TEXT NOT NULL DEFAULT '',
    -- 税收分类编码: 19 digits.
    tax_category TEXT NOT NULL DEFAULT '',
    tax_ppm BIGINT NOT NULL,
    billing_rule TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'stopped')),
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (company_id, code)
);

-- Prices 价格表: of a product for a customer, or for everybody, from a day to a day. The rows of
-- one list do not overlap; the product is locked while one is added.
CREATE TABLE product_price (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    product_id BIGINT NOT NULL REFERENCES product (id),
    customer_id BIGINT REFERENCES customer (id),
    currency TEXT NOT NULL,
    price_micro BIGINT NOT NULL CHECK (price_micro >= 0),
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);
CREATE INDEX product_price_list ON product_price (product_id, customer_id, valid_from);
