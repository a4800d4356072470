//! `hospes session prepare|list|show|set|end`.

use super::api::Api;
use super::error::ClientError;
use super::history;
use super::network::NetworkArgs;
use super::text::{columns, shown};
use serde_json::{Map, Value, json};
use std::path::Path;

/// What to do with support sessions.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum SessionCommand {
    /// Prepare a session: prints the link, the code and the password once
    Prepare(PrepareArgs),
    /// List the company's sessions, newest first
    List(history::ListArgs),
    /// Show one session
    Show {
        /// The session's id
        id: String,
        /// Print the API's document
        #[arg(long)]
        json: bool,
    },
    /// Choose which capabilities a session has from now on, also while it runs
    Set {
        /// The session's id
        id: String,
        /// A capability that it has (may be repeated); those that are not named are taken away
        #[arg(long = "capability", value_name = "ID", required = true)]
        capabilities: Vec<String>,
        /// Print the API's document
        #[arg(long)]
        json: bool,
    },
    /// End a session: the host removes itself
    End {
        /// The session's id
        id: String,
        /// Print the API's document
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `hospes session prepare`.
#[derive(Debug, clap::Args)]
pub(crate) struct PrepareArgs {
    /// Where the invitation goes
    #[arg(long, value_name = "E")]
    customer_email: String,
    /// The customer's name
    #[arg(long, value_name = "N")]
    customer_name: Option<String>,
    /// The customer's language
    #[arg(long, value_parser = ["en", "fr", "es"])]
    language: Option<String>,
    /// A note for yourself
    #[arg(long)]
    note: Option<String>,
    /// A capability of this session (may be repeated; all licensed ones when absent)
    #[arg(long = "capability", value_name = "ID")]
    capabilities: Vec<String>,
    /// Print the API's document
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    command: SessionCommand,
    network: &NetworkArgs,
    data: Option<&Path>,
) -> Result<(), ClientError> {
    let api = Api::logged_in(data, network)?;
    match command {
        SessionCommand::Prepare(args) => prepare(&api, args).await,
        SessionCommand::List(args) => history::list(&api, args).await,
        SessionCommand::Show { id, json } => print(&api.get(&of(&id)?).await?, json, details),
        SessionCommand::Set { id, capabilities, json } => {
            let answer = api.patch(&of(&id)?, &json!({ "capabilities": capabilities })).await?;
            print(&answer, json, details)
        }
        SessionCommand::End { id, json } => {
            let answer = api.post(&format!("{}/end", of(&id)?), &json!({})).await?;
            print(&answer, json, |_| format!("Session {id} has ended; its host removes itself.\n"))
        }
    }
}

/// The session's address; an id from the command line is not trusted to be one.
fn of(id: &str) -> Result<String, ClientError> {
    match id.parse::<hospes_session::id::SessionId>() {
        Ok(id) => Ok(format!("/sessions/{id}")),
        Err(_) => Err(ClientError::Usage(format!("{id:?} is not a session's id (hospes session list shows them)"))),
    }
}

async fn prepare(api: &Api, args: PrepareArgs) -> Result<(), ClientError> {
    let mut body = Map::new();
    body.insert("customer_email".into(), args.customer_email.clone().into());
    let optional = [("customer_name", args.customer_name), ("language", args.language.clone()), ("note", args.note)];
    for (name, value) in optional {
        if let Some(value) = value {
            body.insert(name.into(), value.into());
        }
    }
    if !args.capabilities.is_empty() {
        body.insert("capabilities".into(), args.capabilities.into());
    }
    let answer = api.post("/sessions", &Value::Object(body)).await?;
    print(&answer, args.json, |answer| prepared(answer, &args.customer_email, args.language.as_deref()))
}

/// One JSON document, or text for people.
pub(super) fn print(answer: &Value, json: bool, text: impl FnOnce(&Value) -> String) -> Result<(), ClientError> {
    if json {
        super::text::print(&serde_json::to_string_pretty(answer).map_err(|e| ClientError::Failed(e.to_string()))?)
    } else {
        super::text::print(&text(answer))
    }
}

pub(super) fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn prepared(answer: &Value, email: &str, language: Option<&str>) -> String {
    let code = field(answer, "security_code");
    let grouped = match (code.get(..3), code.get(3..)) {
        (Some(a), Some(b)) if code.len() == 6 => format!("{a} {b}"),
        _ => code.to_owned(),
    };
    let rows = [
        ("Session", field(answer, "id")),
        ("Deployment link", field(answer, "deployment_link")),
        ("Security code", grouped.as_str()),
        ("Session password", field(answer, "password")),
        ("Link and code until", field(answer, "code_expires_at")),
    ]
    .map(|(name, value)| vec![name.to_owned(), shown(value)]);
    let link = shown(field(answer, "deployment_link"));
    let script = script(language.unwrap_or("en"), &shown(email), &grouped, &link);
    format!(
        "{}\nCode and password are shown only now. The password is yours: it is asked when you first connect.\n\n\
         Read to the customer:\n{script}",
        columns(&rows)
    )
}

/// What the technician reads out (R3, R4), in the customer's language.
fn script(language: &str, email: &str, code: &str, link: &str) -> String {
    let lines: [String; 4] = match language {
        "fr" => [
            format!("Vous avez reçu un e-mail à l'adresse {email} avec un lien de déploiement. Sinon, ouvrez : {link}"),
            "La page indique qui vous invite, pour quoi et pour combien de temps. Vérifiez-le.".into(),
            "Téléchargez l'hôte temporaire et ouvrez-le.".into(),
            format!("Il demande un code de sécurité. Le voici : {code}"),
        ],
        "es" => [
            format!("Ha recibido un correo en {email} con un vínculo de implementación. Si no, abra: {link}"),
            "La página dice quién le invita, para qué y por cuánto tiempo. Compruébelo.".into(),
            "Descargue el host temporal y ábralo.".into(),
            format!("Le pedirá un código de seguridad. Es este: {code}"),
        ],
        _ => [
            format!("You have received an e-mail at {email} with a deployment link. If not, open: {link}"),
            "The page says who invites you, for what and for how long. Please check it.".into(),
            "Download the temporary host and open it.".into(),
            format!("It asks for a security code. Here it is: {code}"),
        ],
    };
    lines.iter().enumerate().map(|(at, line)| format!("  {}. {line}\n", at + 1)).collect()
}

fn details(session: &Value) -> String {
    let mut rows = Vec::new();
    flatten("", session, &mut rows);
    columns(&rows)
}

fn flatten(prefix: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&name, value, rows);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (at, item) in items.iter().enumerate() {
                flatten(&format!("{prefix}.{at}"), item, rows);
            }
        }
        Value::Array(items) => {
            let items: Vec<_> =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), shown)).collect();
            rows.push(vec![shown(prefix), items.join(", ")]);
        }
        Value::Null => {}
        Value::String(text) => rows.push(vec![shown(prefix), shown(text)]),
        other => rows.push(vec![shown(prefix), other.to_string()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r2_r4_prepare_shows_link_code_password_and_the_script_in_the_customers_language() {
        let answer = json!({"id": "s", "state": "prepared", "deployment_link": "https://h/s/T", "security_code": "123456",
            "password": "pass-word", "code_expires_at": "2026-11-20T09:00:00Z"});
        for (language, says) in [
            (None, "security code"),
            (Some("en"), "security code"),
            (Some("fr"), "code de sécurité"),
            (Some("es"), "código"),
        ] {
            let text = prepared(&answer, "c@d.test", language);
            for part in ["https://h/s/T", "123 456", "pass-word", "c@d.test", says] {
                assert!(text.contains(part), "{part:?} missing in {text}");
            }
        }
    }

    #[test]
    fn what_a_host_says_of_itself_is_text() {
        let session = json!({"id": "s", "state": "active", "online": true, "customer_email": "c",
            "host": {"hostname": "pc\u{1b}[31m", "os": "linux"}, "channels": [{"id": "c1"}], "capabilities": ["a", "b"]});
        let list = history::table(&json!({"sessions": [session.clone()]}));
        assert!(!list.contains('\u{1b}') && list.contains("(online)"), "{list}");
        let text = details(&session);
        assert!(!text.contains('\u{1b}'));
        assert!(text.contains("channels.0.id") && text.contains("a, b"), "{text}");
    }

    #[test]
    fn only_ids_go_into_addresses() {
        assert!(of("0199c5a0-0000-7000-8000-000000000001").is_ok());
        for id in ["", "..", "x/../../me", "1"] {
            assert!(matches!(of(id), Err(ClientError::Usage(_))), "{id:?}");
        }
    }
}
