-- R19: who is told by which notifier, and what is on its way. See 0001 for the types.

CREATE TABLE notification_channels (
    id          TEXT PRIMARY KEY NOT NULL,
    company     TEXT NOT NULL REFERENCES companies (id),
    notifier    TEXT NOT NULL,
    title       TEXT NOT NULL,
    enabled     BIGINT NOT NULL,             -- 0 or 1
    events      TEXT NOT NULL,               -- JSON, names of events
    config      TEXT NOT NULL,               -- JSON, the notifier's own; may hold secrets
    created_at  BIGINT NOT NULL
);
CREATE INDEX notification_channels_company ON notification_channels (company, created_at);

-- One event for one receiver. It outlives its channel, so that the list still says what became of it.
CREATE TABLE deliveries (
    id             TEXT PRIMARY KEY NOT NULL, -- also the idempotency key
    company        TEXT NOT NULL REFERENCES companies (id),
    session        TEXT REFERENCES sessions (id),
    channel        TEXT NOT NULL,
    channel_title  TEXT NOT NULL,
    notifier       TEXT NOT NULL,
    event          TEXT NOT NULL,
    payload        TEXT NOT NULL,            -- JSON, the same for every try
    recipient      TEXT,                     -- JSON; NULL when the notifier has one receiver by itself
    notice         TEXT,                     -- JSON; forgotten at delivery or with the link
    state          TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts       BIGINT NOT NULL,          -- ever
    tries          BIGINT NOT NULL,          -- since it was last asked for
    since          BIGINT NOT NULL,          -- when it was last asked for
    next_at        BIGINT,                   -- NULL once it is done
    claimed_until  BIGINT,                   -- a worker has it until then
    at             BIGINT NOT NULL,          -- when the event happened
    done_at        BIGINT,
    error_code     TEXT,
    error_detail   TEXT
);
CREATE INDEX deliveries_due ON deliveries (state, next_at);
CREATE INDEX deliveries_company ON deliveries (company, at, id);
CREATE INDEX deliveries_session ON deliveries (session);
CREATE INDEX deliveries_done ON deliveries (done_at);

-- What happened before there was anybody to tell is not told now.
UPDATE outbox SET done_at = at, notice = NULL WHERE done_at IS NULL;

-- Companies of before get the channels that a new one begins with.
INSERT INTO notification_channels (id, company, notifier, title, enabled, events, config, created_at)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' ||
       substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
       id, 'notify-email', 'Customers', 1, '["session.prepared","session.ended"]', '{"recipients":["customer"]}', created_at
FROM companies;
INSERT INTO notification_channels (id, company, notifier, title, enabled, events, config, created_at)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' ||
       substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
       id, 'notify-email', 'Technicians', 1,
       '["session.activated","host.offline","host.online","lease.ending","session.ended"]',
       '{"recipients":["technician"]}', created_at + 1
FROM companies;
