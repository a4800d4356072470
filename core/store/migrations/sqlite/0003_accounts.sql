-- What an owner, a technician and the operator may change of an account, and what is seen of its logins.
ALTER TABLE technicians ADD COLUMN disabled_at BIGINT;            -- NULL while they may log in
ALTER TABLE technicians ADD COLUMN last_login_at BIGINT;
ALTER TABLE technicians ADD COLUMN language TEXT;                 -- en, fr, es; NULL until they chose
ALTER TABLE technicians ADD COLUMN temporary_password BIGINT NOT NULL DEFAULT 0;   -- 1: to be changed at the next log-in
CREATE INDEX technicians_company ON technicians (company, created_at);

ALTER TABLE logins ADD COLUMN last_used_at BIGINT;
ALTER TABLE logins ADD COLUMN address TEXT;
ALTER TABLE logins ADD COLUMN agent TEXT;
CREATE INDEX logins_technician ON logins (technician);

-- Customer's address and name and the computer's name, in lower case, one per line: what a search looks at. NULL in rows
-- of before; they are filled when the database is opened.
ALTER TABLE sessions ADD COLUMN search TEXT;
CREATE INDEX sessions_company_technician ON sessions (company, technician, created_at);
