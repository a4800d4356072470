//! `hospes session list`.

use super::api::Api;
use super::error::ClientError;
use super::session::{field, print};
use super::text::{columns, shown};
use serde_json::{Value, json};

/// Arguments of `hospes session list`; all that is given must fit.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only those: prepared, active or ended
    #[arg(long, value_parser = ["prepared", "active", "ended"])]
    state: Option<String>,
    /// Only those that this technician prepared
    #[arg(long, value_name = "ID")]
    technician: Option<String>,
    /// Only those with this text in the customer's address or name or the computer's name
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those prepared at this moment or later, like 2026-11-20T08:15:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only those prepared at this moment or earlier
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// All of them, not only the newest 100
    #[arg(long)]
    all: bool,
    /// Print the API's document
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(api: &Api, args: ListArgs) -> Result<(), ClientError> {
    let given = [
        ("state", args.state),
        ("technician", args.technician),
        ("q", args.search),
        ("from", args.from),
        ("to", args.to),
        ("limit", args.all.then(|| "500".to_owned())),
    ];
    let query: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut answer = api.get(&address(&query)?).await?;
    if args.all {
        let mut sessions = Vec::new();
        loop {
            let next = answer.get("next").and_then(Value::as_str).map(str::to_owned);
            if let Some(Value::Array(page)) = answer.get_mut("sessions") {
                sessions.append(page);
            }
            let Some(next) = next else { break };
            let mut query = query.clone();
            query.push(("before", next));
            answer = api.get(&address(&query)?).await?;
        }
        answer = json!({ "sessions": sessions });
    }
    print(&answer, args.json, table)
}

/// The address with what was given, every character of it escaped that means something there.
fn address(query: &[(&str, String)]) -> Result<String, ClientError> {
    // The origin is only there because a query alone is no URL.
    let url = reqwest::Url::parse_with_params("http://x/sessions", query)
        .map_err(|error| ClientError::Usage(error.to_string()))?;
    Ok(url
        .query()
        .filter(|query| !query.is_empty())
        .map_or("/sessions".to_owned(), |query| format!("/sessions?{query}")))
}

pub(super) fn table(answer: &Value) -> String {
    let sessions = answer.get("sessions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if sessions.is_empty() {
        return "No sessions.\n".to_owned();
    }
    let mut rows = vec![["ID", "STATE", "CUSTOMER", "HOST", "UNTIL"].map(str::to_owned).to_vec()];
    for session in sessions {
        let online = session.get("online").and_then(Value::as_bool).unwrap_or(false);
        let host = session.get("host").map(|host| shown(field(host, "hostname"))).unwrap_or_default();
        let host = match (field(session, "state"), online) {
            ("active", true) => format!("{host} (online)"),
            ("active", false) => format!("{host} (offline)"),
            _ => host,
        };
        let until = ["ended_at", "lease_expires_at", "code_expires_at"].map(|name| field(session, name));
        rows.push(vec![
            shown(field(session, "id")),
            shown(field(session, "state")),
            shown(field(session, "customer_email")),
            host,
            shown(until.into_iter().find(|text| !text.is_empty()).unwrap_or_default()),
        ]);
    }
    let mut text = columns(&rows);
    if answer.get("next").is_some() {
        text.push_str("There are more: add --all, or narrow the list.\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_for_is_only_searched_for() {
        let of = |text: &str| address(&[("q", text.to_owned()), ("limit", "5".to_owned())]).unwrap();
        assert_eq!(of("a&state=ended#?/../é"), "/sessions?q=a%26state%3Dended%23%3F%2F..%2F%C3%A9&limit=5");
        assert_eq!(address(&[]).unwrap(), "/sessions");
    }

    #[test]
    fn a_list_that_is_not_whole_says_so() {
        let session = json!({"id": "s", "state": "ended", "customer_email": "c"});
        assert!(!table(&json!({"sessions": [session.clone()]})).contains("--all"));
        assert!(table(&json!({"sessions": [session], "next": "x"})).contains("--all"));
    }
}
