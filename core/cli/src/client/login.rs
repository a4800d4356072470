//! `hospes login`.

use super::api::Api;
use super::error::ClientError;
use super::keep::{self, Login};
use serde_json::json;
use std::io::{IsTerminal, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Longest password that is read, in bytes.
const MAX_PASSWORD: u64 = 4096;

/// Arguments of `hospes login`.
#[derive(Debug, clap::Args)]
pub(crate) struct LoginArgs {
    /// The server's address, like https://support.example.org
    #[arg(long, value_name = "URL")]
    server: String,
    /// Your e-mail address there
    #[arg(long, value_name = "E")]
    email: String,
}

pub(super) async fn run(args: LoginArgs, data: Option<&Path>) -> Result<(), ClientError> {
    let api = Api::new(&args.server)?;
    let path = keep::path(data)?;
    let email = args.email.clone();
    let password = tokio::task::spawn_blocking(move || read_password(&email))
        .await
        .map_err(|e| ClientError::local("standard input", e))??;
    let answer = api.post("/auth/login", &json!({"email": args.email, "password": password.as_str()})).await?;
    let text = |field: &str| {
        answer.get(field).and_then(|v| v.as_str()).map(str::to_owned).ok_or_else(|| {
            ClientError::Failed(format!("{} does not answer like a Hospes server: no {field}", api.server()))
        })
    };
    let login = Login {
        server: api.server().to_owned(),
        email: args.email,
        token: text("token")?,
        expires_at: text("expires_at")?,
    };
    keep::save(&path, &login)?;
    println!("Logged in to {} as {} until {}.", login.server, login.email, login.expires_at);
    Ok(())
}

/// The first line of standard input; a person at a terminal is asked and does not see it.
fn read_password(email: &str) -> Result<Zeroizing<String>, ClientError> {
    if std::io::stdin().is_terminal() {
        let password = rpassword::prompt_password(format!("Password of {email}: "));
        return password.map(Zeroizing::new).map_err(|e| ClientError::local("standard input", e));
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .take(MAX_PASSWORD)
        .read_to_string(&mut text)
        .map_err(|e| ClientError::local("the password on standard input cannot be read", e))?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(Zeroizing::new(line.to_owned())),
        None => Err(ClientError::Usage("the password is expected on standard input, and there is none".to_owned())),
    }
}
