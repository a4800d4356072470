-- Text and 64-bit integers only, so that the statements of src/sqlite run on PostgreSQL unchanged: ids are UUID text,
-- hashes hex text, times milliseconds since 1970. Only this file differs per database (how an id counts up).

CREATE TABLE companies (
    id          TEXT PRIMARY KEY NOT NULL,
    name        TEXT NOT NULL UNIQUE,
    licence     TEXT NOT NULL,               -- JSON of the signed licence
    created_at  BIGINT NOT NULL
);

CREATE TABLE technicians (
    id            TEXT PRIMARY KEY NOT NULL,
    company       TEXT NOT NULL REFERENCES companies (id),
    email         TEXT NOT NULL,             -- as it was given
    email_folded  TEXT NOT NULL UNIQUE,      -- lower case
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    UNIQUE (id, company)
);

CREATE TABLE logins (
    id          TEXT PRIMARY KEY NOT NULL,
    technician  TEXT NOT NULL REFERENCES technicians (id),
    token_hash  TEXT NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX logins_expiry ON logins (expires_at);

CREATE TABLE sessions (
    id          TEXT PRIMARY KEY NOT NULL,
    company     TEXT NOT NULL,
    technician  TEXT NOT NULL,
    token_hash  TEXT NOT NULL UNIQUE,
    state       TEXT NOT NULL CHECK (state IN ('prepared', 'active', 'ended')),
    created_at  BIGINT NOT NULL,
    due_at      BIGINT,                      -- when time alone changes it next; NULL for never
    document    TEXT NOT NULL,               -- JSON of the whole session
    verifier    TEXT,                        -- of the session password; NULL from activation or end
    -- A session never names another company's technician.
    FOREIGN KEY (technician, company) REFERENCES technicians (id, company)
);
CREATE INDEX sessions_company ON sessions (company, created_at);
CREATE INDEX sessions_company_state ON sessions (company, state);
CREATE INDEX sessions_technician_state ON sessions (technician, state);
CREATE INDEX sessions_due ON sessions (due_at);

-- One chain per company, and one of the server's own whose company is ''. Every writing transaction of a company takes
-- its row here first: that is what puts them in order where the database itself would let them run side by side.
CREATE TABLE audit_chains (
    company   TEXT PRIMARY KEY NOT NULL,
    sequence  BIGINT NOT NULL,
    hash      TEXT NOT NULL
);
INSERT INTO audit_chains (company, sequence, hash) VALUES ('', 0, '');

CREATE TABLE audit (
    company   TEXT NOT NULL REFERENCES audit_chains (company),
    sequence  BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    session   TEXT,
    actor     TEXT NOT NULL,
    action    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    hash      TEXT NOT NULL,
    PRIMARY KEY (company, sequence)
);
CREATE INDEX audit_time ON audit (company, at);
CREATE INDEX audit_session ON audit (company, session);

CREATE TABLE outbox (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    company   TEXT NOT NULL REFERENCES companies (id),
    session   TEXT NOT NULL REFERENCES sessions (id),
    event     TEXT NOT NULL,
    payload   TEXT NOT NULL,
    notice    TEXT,                          -- what is forgotten at delivery or with the link
    at        BIGINT NOT NULL,
    done_at   BIGINT
);
CREATE INDEX outbox_waiting ON outbox (done_at, id);
CREATE INDEX outbox_session ON outbox (session);
