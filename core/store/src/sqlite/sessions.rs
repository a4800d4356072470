//! Sessions: prepared by one conditional write, changed by the rules only.

use super::row::{Place, fold, hex, json_text, key, limit, time};
use super::{SqliteStore, audit, outbox};
use crate::model::{Audit, SessionFilter};
use crate::{Result, StoreError};
use hospes_session::id::{CompanyId, SessionId, TechnicianId};
use hospes_session::model::{Active, Millis, Session, SessionState};
use hospes_session::quota::{Limits, QuotaRefusal, Usage, admit};
use hospes_session::rules::{Command, Decision, Event, decide};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

fn session(row: &SqliteRow) -> Result<Session> {
    let key = key(row);
    let place = Place { table: "sessions", key: &key };
    let session: Session = place.json(row, "document")?;
    let columns = (place.parse(row, "id")?, place.parse(row, "company")?, place.get::<&str>(row, "state")?);
    if columns != (session.id, session.company, session.state_name()) {
        return Err(place.corrupt("document", "it is not the session that the other columns speak of"));
    }
    Ok(session)
}

/// What a search for text looks at, one per line.
fn search(session: &Session) -> String {
    let hostname = match &session.state {
        SessionState::Prepared(_) => None,
        SessionState::Active(active) => Some(active),
        SessionState::Ended(ended) => ended.was_active.as_ref(),
    }
    .map(|Active { host, .. }| host.hostname.as_str());
    let parts = [Some(session.customer.email.as_str()), session.customer.name.as_deref(), hostname];
    parts.into_iter().flatten().map(fold).collect::<Vec<_>>().join("\n")
}

/// A pattern for `LIKE ... ESCAPE '\'` that finds the text as a part, each of its characters standing for itself.
fn containing(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in fold(text).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Writes what the rules decided. Verifier and notices (the link) go when the session is no longer prepared: from then on
/// the host has the one and the other is dead.
async fn write(db: &mut SqliteConnection, session: &Session, now: Millis) -> Result<()> {
    sqlx::query(
        "UPDATE sessions SET state = $1, due_at = $2, document = $3, search = $4, \
         verifier = CASE WHEN $1 = 'prepared' THEN verifier ELSE NULL END WHERE id = $5",
    )
    .bind(session.state_name())
    .bind(session.next_due().map(time))
    .bind(json_text(session)?)
    .bind(search(session))
    .bind(session.id.to_string())
    .execute(&mut *db)
    .await?;
    if !matches!(session.state, SessionState::Prepared(_)) {
        outbox::forget_notices(db, session, now).await?;
    }
    Ok(())
}

/// The caller's audit entry with the decision's inputs and outcome, so that it can be replayed.
fn with_decision(audit: &Audit, session: &Session, command: &Command, decision: &Decision) -> Audit {
    let mut audit = audit.clone();
    audit.company = Some(session.company);
    audit.session = Some(session.id);
    let decided = json!({ "command": command, "events": decision.events, "state": decision.next.state_name() });
    match &mut audit.detail {
        Value::Object(fields) => {
            fields.insert("decided".to_owned(), decided);
        }
        Value::Null => audit.detail = json!({ "decided": decided }),
        other => audit.detail = json!({ "detail": other.take(), "decided": decided }),
    }
    audit
}

/// Decides and writes, inside the caller's transaction. Nothing is written of a command that changed nothing, except of
/// a tried code: every try leaves a trace.
async fn change(
    db: &mut SqliteConnection,
    head: &mut audit::Head,
    session: &Session,
    command: &Command,
    now: Millis,
    audit: &Audit,
) -> Result<Decision> {
    let decision = decide(session, command, now);
    if decision.next != *session {
        write(db, &decision.next, now).await?;
    }
    if !decision.events.is_empty() || matches!(command, Command::TryCode { .. }) {
        head.append(db, &with_decision(audit, session, command, &decision), now).await?;
    }
    for event in &decision.events {
        outbox::push(db, &decision.next, event, &Value::Null, now).await?;
    }
    Ok(decision)
}

async fn open_of(db: &mut SqliteConnection, company: CompanyId, technician: TechnicianId) -> Result<(u32, u32)> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM sessions WHERE technician = $2 AND company = $1 AND state <> 'ended') AS own, \
         (SELECT COUNT(*) FROM sessions WHERE company = $1 AND state <> 'ended') AS whole",
    )
    .bind(company.to_string())
    .bind(technician.to_string())
    .fetch_one(db)
    .await?;
    let count = |column: &str| {
        let count: i64 = row.try_get(column)?;
        u32::try_from(count).map_err(|error| StoreError::Database(error.to_string()))
    };
    Ok((count("own")?, count("whole")?))
}

impl SqliteStore {
    pub(super) async fn prepare_session(
        &self,
        session: &Session,
        limits: Limits,
        seats: u32,
        verifier: &[u8],
        notice: &Value,
        audit: &Audit,
    ) -> Result<()> {
        let SessionState::Prepared(prepared) = &session.state else {
            return Err(StoreError::Database(format!("a session is stored as prepared, not {}", session.state_name())));
        };
        let now = session.created_at;
        let mut tx = self.write().await?;
        let mut head = audit::lock(&mut tx, Some(session.company)).await?;
        // What time has ended holds no quota and no seat, even when the sweeper has not come by yet.
        let over = sqlx::query(
            "SELECT id, company, state, document FROM sessions WHERE company = $1 AND state <> 'ended' AND due_at <= $2",
        )
        .bind(session.company.to_string())
        .bind(time(now))
        .fetch_all(&mut *tx)
        .await?;
        let sweep = Audit {
            company: Some(session.company),
            session: None,
            actor: "sweeper".to_owned(),
            action: "session.tick".to_owned(),
            detail: Value::Null,
        };
        for row in &over {
            change(&mut tx, &mut head, &self::session(row)?, &Command::Tick, now, &sweep).await?;
        }
        // R7 and R18 in one conditional write: it counts and inserts, or does nothing.
        let inserted = sqlx::query(
            "INSERT INTO sessions (id, company, technician, token_hash, state, created_at, due_at, document, verifier, search) \
             SELECT $1, $2, $3, $4, 'prepared', $5, $6, $7, $8, $12 \
             WHERE (SELECT COUNT(*) FROM sessions WHERE technician = $3 AND company = $2 AND state <> 'ended') < $9 \
             AND (SELECT COUNT(*) FROM sessions WHERE company = $2 AND state <> 'ended') < $10 \
             AND (SELECT COUNT(*) FROM sessions WHERE company = $2 AND state <> 'ended') < $11",
        )
        .bind(session.id.to_string())
        .bind(session.company.to_string())
        .bind(session.technician.to_string())
        .bind(hex(&prepared.token_hash))
        .bind(time(now))
        .bind(session.next_due().map(time))
        .bind(json_text(session)?)
        .bind(hex(verifier))
        .bind(i64::from(limits.per_technician))
        .bind(i64::from(limits.per_company))
        .bind(i64::from(seats))
        .bind(search(session))
        .execute(&mut *tx)
        .await
        .map_err(|error| match error.as_database_error() {
            Some(database) if database.is_foreign_key_violation() => StoreError::NotFound,
            Some(database) if database.is_unique_violation() => StoreError::Exists("the session".to_owned()),
            _ => error.into(),
        })?;
        if inserted.rows_affected() == 0 {
            let (technician_open, company_open) = open_of(&mut tx, session.company, session.technician).await?;
            let refusal = admit(Usage { technician_open, company_open, seats }, limits).err();
            // What the sweep changed stays changed.
            tx.commit().await?;
            return Err(match refusal {
                Some(refusal) => refusal.into(),
                None => QuotaRefusal::Company(limits.per_company).into(),
            });
        }
        let mut entry = audit.clone();
        entry.company = Some(session.company);
        entry.session = Some(session.id);
        head.append(&mut tx, &entry, now).await?;
        outbox::push(&mut tx, session, &Event::Prepared, notice, now).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn count_open(&self, company: CompanyId, technician: TechnicianId) -> Result<(u32, u32)> {
        open_of(&mut *self.readers.acquire().await?, company, technician).await
    }

    pub(super) async fn find_session(&self, company: CompanyId, id: SessionId) -> Result<Session> {
        let row = sqlx::query("SELECT id, company, state, document FROM sessions WHERE id = $1 AND company = $2")
            .bind(id.to_string())
            .bind(company.to_string())
            .fetch_one(&self.readers)
            .await?;
        session(&row)
    }

    pub(super) async fn list_sessions(&self, company: CompanyId, filter: &SessionFilter) -> Result<Vec<Session>> {
        let text = filter.text.as_deref().filter(|text| !text.trim().is_empty());
        let (before, before_id) =
            filter.before.map_or((i64::MAX, String::new()), |cursor| (time(cursor.created_at), cursor.id.to_string()));
        sqlx::query(
            "SELECT id, company, state, document FROM sessions WHERE company = $1 AND ($2 = '' OR state = $2) \
             AND ($3 = '' OR technician = $3) AND created_at >= $4 AND created_at <= $5 \
             AND ($6 = '' OR search LIKE $6 ESCAPE '\\') AND (created_at, id) < ($7, $8) \
             ORDER BY created_at DESC, id DESC LIMIT $9",
        )
        .bind(company.to_string())
        .bind(filter.state.as_deref().unwrap_or_default())
        .bind(filter.technician.map(|id| id.to_string()).unwrap_or_default())
        .bind(time(filter.from.unwrap_or(0)))
        .bind(time(filter.to.unwrap_or(Millis::MAX)))
        .bind(text.map(containing).unwrap_or_default())
        .bind(before)
        .bind(before_id)
        .bind(limit(filter.limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(session)
        .collect()
    }

    /// Makes sessions that an older version wrote findable by text.
    pub(super) async fn fill_search(&self) -> Result<()> {
        let old = "SELECT id, company, state, document FROM sessions WHERE search IS NULL LIMIT 500";
        loop {
            let rows = sqlx::query(old).fetch_all(&self.readers).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut tx = self.write().await?;
            let mut filled = 0;
            for row in &rows {
                // One that cannot be read is not found by text, and says what is wrong with it when it is asked for.
                let text = session(row).as_ref().map(search).unwrap_or_default();
                let done = sqlx::query("UPDATE sessions SET search = $1 WHERE id = $2 AND search IS NULL")
                    .bind(text)
                    .bind(key(row))
                    .execute(&mut *tx)
                    .await?;
                filled += done.rows_affected();
            }
            tx.commit().await?;
            // What is left has not even an id.
            if filled == 0 {
                return Ok(());
            }
        }
    }

    pub(super) async fn find_session_by_token(&self, token_hash: [u8; 32]) -> Result<Session> {
        let row = sqlx::query("SELECT id, company, state, document FROM sessions WHERE token_hash = $1")
            .bind(hex(&token_hash))
            .fetch_one(&self.readers)
            .await?;
        session(&row)
    }

    pub(super) async fn find_any_session(&self, id: SessionId) -> Result<Session> {
        let row = sqlx::query("SELECT id, company, state, document FROM sessions WHERE id = $1")
            .bind(id.to_string())
            .fetch_one(&self.readers)
            .await?;
        session(&row)
    }

    pub(super) async fn find_verifier(&self, id: SessionId) -> Result<Option<Vec<u8>>> {
        let row = sqlx::query("SELECT id, verifier FROM sessions WHERE id = $1")
            .bind(id.to_string())
            .fetch_one(&self.readers)
            .await?;
        let key = key(&row);
        let place = Place { table: "sessions", key: &key };
        let verifier: Option<&str> = place.get(&row, "verifier")?;
        verifier.map(|text| place.bytes("verifier", text)).transpose()
    }

    pub(super) async fn change_session(
        &self,
        id: SessionId,
        command: &Command,
        now: Millis,
        audit: &Audit,
    ) -> Result<Decision> {
        let mut tx = self.write().await?;
        // Which company's chain to take; a session never moves to another company.
        let row = sqlx::query("SELECT id, company FROM sessions WHERE id = $1")
            .bind(id.to_string())
            .fetch_one(&mut *tx)
            .await?;
        let key = key(&row);
        let company: CompanyId = Place { table: "sessions", key: &key }.parse(&row, "company")?;
        let mut head = super::audit::lock(&mut tx, Some(company)).await?;
        let row = sqlx::query("SELECT id, company, state, document FROM sessions WHERE id = $1")
            .bind(id.to_string())
            .fetch_one(&mut *tx)
            .await?;
        let decision = change(&mut tx, &mut head, &session(&row)?, command, now, audit).await?;
        tx.commit().await?;
        Ok(decision)
    }

    pub(super) async fn find_due(&self, now: Millis) -> Result<Vec<SessionId>> {
        sqlx::query("SELECT id FROM sessions WHERE due_at <= $1 ORDER BY due_at")
            .bind(time(now))
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(|row| {
                let key = key(row);
                Place { table: "sessions", key: &key }.parse(row, "id")
            })
            .collect()
    }
}
