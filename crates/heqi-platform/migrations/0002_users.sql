-- Who works here: people, what they may do, how they are known again.

CREATE TABLE user_account (
    id BIGINT PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    password_set_at BIGINT NOT NULL,
    must_change_password BOOLEAN NOT NULL DEFAULT FALSE,
    -- Sealed; empty without a second factor. What is pending waits for its first code.
    totp_secret TEXT NOT NULL DEFAULT '',
    totp_pending TEXT NOT NULL DEFAULT '',
    totp_last_step BIGINT NOT NULL DEFAULT 0,
    failed_logins BIGINT NOT NULL DEFAULT 0,
    locked_until BIGINT NOT NULL DEFAULT 0,
    last_sign_in_at BIGINT,
    disabled_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

CREATE TABLE recovery_code (
    user_id BIGINT NOT NULL REFERENCES user_account (id),
    code_hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, code_hash)
);

-- A role 角色: a name for a set of permissions. Built-in roles have company 0 and no row here.
CREATE TABLE custom_role (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    UNIQUE (company_id, name)
);

-- Who has which role where, and for which customers. Company 0: in every company.
CREATE TABLE role_grant (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES user_account (id),
    role TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('all', 'own', 'department', 'region')),
    scope_value TEXT NOT NULL DEFAULT '',
    granted_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (company_id, user_id, role, scope, scope_value)
);
CREATE INDEX role_grant_user ON role_grant (user_id);

CREATE TABLE session (
    token_hash BYTEA PRIMARY KEY,
    id BIGINT NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES user_account (id),
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX session_of_user ON session (user_id);

CREATE TABLE api_token (
    token_hash BYTEA PRIMARY KEY,
    id BIGINT NOT NULL UNIQUE,
    company_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES user_account (id),
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX api_token_user ON api_token (user_id);

-- When what was tried in vain is made up for: by account, by network and in all, each as a hash.
CREATE TABLE attempt_pace (
    subject BYTEA PRIMARY KEY,
    made_up_at BIGINT NOT NULL
);
CREATE INDEX attempt_pace_age ON attempt_pace (made_up_at);
