//! Preparing a session (R1, R2, R4, R20): what a technician asked for, checked field by field, becomes a [`Session`]
//! and the three secrets that are shown once. Whether one more may be open is the quota's question
//! ([`crate::quota::admit`], and the store's conditional write).

use crate::capability::CapabilityId;
use crate::choice;
use crate::code::{SecurityCode, hash_code, hash_token};
use crate::id::{CompanyId, SessionId, TechnicianId};
use crate::model::{Customer, Language, Millis, Prepared, Session, SessionState};
use crate::password::SessionPassword;
use std::collections::BTreeSet;

/// How long link and code live when the operator sets nothing else (R4): 60 minutes.
pub const CODE_LIFETIME: Millis = 60 * 60 * 1000;
/// Most characters of a customer's name.
pub const NAME_LENGTH: usize = 200;
/// Most characters of a note.
pub const NOTE_LENGTH: usize = 2000;
/// Most bytes of an e-mail address (RFC 5321: a path of 256 with its brackets).
pub const EMAIL_LENGTH: usize = 254;
/// Random bytes that [`prepare`] consumes.
pub const RANDOM: usize = 52;

/// What a technician asks for, and what the company's plan says about it.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The tenant.
    pub company: CompanyId,
    /// Who asks.
    pub technician: TechnicianId,
    /// Where the invitation goes.
    pub customer_email: &'a str,
    /// For people.
    pub customer_name: Option<&'a str>,
    /// What the customer reads.
    pub language: Language,
    /// For the technician's own page.
    pub note: Option<&'a str>,
    /// The technician's own choice of a password; none to have one generated (R2).
    pub password: Option<&'a str>,
    /// Wanted capabilities; none for all that are licensed (R20).
    pub capabilities: Option<&'a [String]>,
    /// What the plan licenses (R9, R10).
    pub licensed: &'a BTreeSet<CapabilityId>,
    /// The plan's lease, in milliseconds (R5).
    pub lease_length: Millis,
    /// How long link and code live, in milliseconds (R4); [`CODE_LIFETIME`] unless the operator set another.
    pub code_lifetime: Millis,
}

/// A prepared session with what is shown once and kept nowhere.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// To be stored.
    pub session: Session,
    /// The link's token.
    pub token: [u8; 16],
    /// What the technician tells the customer.
    pub code: SecurityCode,
    /// What the technician gives to the host.
    pub password: SessionPassword,
}

/// A field that cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidField {
    /// Its name in the API.
    pub field: &'static str,
    /// What is wrong and what would be right, for people; reads on after the field's name.
    pub problem: String,
}

/// Checks the request and makes the session at `now` from the caller's random bytes (operating system's CSPRNG).
///
/// # Errors
/// The first field that is wrong, named as in the API.
pub fn prepare(request: &Request<'_>, now: Millis, random: &[u8; RANDOM]) -> Result<NewSession, InvalidField> {
    let customer = Customer {
        email: email("customer_email", request.customer_email)?,
        name: text("customer_name", request.customer_name, NAME_LENGTH, false)?,
        language: request.language,
    };
    let note = text("note", request.note, NOTE_LENGTH, true)?;
    let capabilities = choice::choose(request.capabilities, request.licensed, &[])?;
    let password = match request.password {
        Some(chosen) => {
            SessionPassword::chosen(chosen).map_err(|problem| InvalidField { field: "password", problem })?
        }
        None => SessionPassword::generate(piece(random, 40)),
    };
    let token = piece(random, 16);
    let code = SecurityCode::from_random(piece(random, 32));
    let session = Session {
        id: SessionId::from_parts(now, piece(random, 0)),
        company: request.company,
        technician: request.technician,
        customer,
        note,
        capabilities,
        lease_length: request.lease_length,
        created_at: now,
        last_refusal: None,
        state: SessionState::Prepared(Prepared {
            token_hash: hash_token(&token),
            code_hash: hash_code(&token, &code),
            expires_at: now.saturating_add(request.code_lifetime),
            wrong_codes: 0,
            claimed_by: None,
        }),
    };
    Ok(NewSession { session, token, code, password })
}

/// `N` of the random bytes from `start`; each byte is used for one secret only.
fn piece<const N: usize>(random: &[u8; RANDOM], start: usize) -> [u8; N] {
    let mut piece = [0; N];
    piece.copy_from_slice(&random[start..start + N]);
    piece
}

/// An e-mail address, trimmed. A shape check only: whether the address exists, the mail will tell. It refuses what could
/// start another header, a second recipient or a display name.
///
/// # Errors
/// What is wrong with it, under the given field's name.
pub fn email(field: &'static str, given: &str) -> Result<String, InvalidField> {
    let wrong = |problem: &str| Err(InvalidField { field, problem: problem.to_owned() });
    let email = given.trim();
    if email.is_empty() {
        return wrong("is empty; give an e-mail address");
    }
    if email.len() > EMAIL_LENGTH {
        return wrong("is longer than the 254 bytes that an e-mail address can have");
    }
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>[\\]".contains(c);
    let Some((local, domain)) = email.split_once('@') else {
        return wrong("is not an e-mail address; write it as name@example.com");
    };
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let dots = |part: &str| part.split('.').all(|piece| !piece.is_empty());
    if email.contains(forbidden)
        || local.len() > 64
        || !dots(local)
        || domain.contains('@')
        || !domain.split('.').all(label)
        || !domain.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
    {
        return wrong("is not an e-mail address; write it as name@example.com");
    }
    Ok(email.to_owned())
}

/// Whether a character is not seen itself but turns, joins or hides others, so that a name could look like another.
#[must_use]
pub const fn unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Text for people: trimmed, empty is none, bounded; line breaks only where there may be `lines`. What has none is a
/// name, and has no characters that are [`unseen`].
///
/// # Errors
/// What is wrong with it, under the given field's name.
pub fn text(
    field: &'static str,
    given: Option<&str>,
    longest: usize,
    lines: bool,
) -> Result<Option<String>, InvalidField> {
    let Some(text) = given.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let length = text.chars().count();
    if length > longest {
        let problem = format!("has {length} characters; at most {longest} are possible");
        return Err(InvalidField { field, problem });
    }
    if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(InvalidField { field, problem: "contains a control character; remove it".to_owned() });
    }
    if !lines && text.chars().any(unseen) {
        let problem = "contains a character that cannot be seen (zero width, or text direction); remove it, or type the text anew";
        return Err(InvalidField { field, problem: problem.to_owned() });
    }
    Ok(Some(text.to_owned()))
}
