//! `hospes login`.

use super::api::Api;
use super::error::ClientError;
use super::keep::{self, Login};
use super::network::{Network, NetworkArgs};
use serde_json::json;
use std::path::Path;

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

pub(super) async fn run(args: LoginArgs, network: &NetworkArgs, data: Option<&Path>) -> Result<(), ClientError> {
    let network = network.over(Network::default())?;
    let api = Api::new(&args.server, &network)?;
    let path = keep::path(data)?;
    let prompt = format!("Password of {}", args.email);
    let password = tokio::task::spawn_blocking(move || crate::input::password(&prompt))
        .await
        .map_err(|e| ClientError::local("standard input", e))?
        .map_err(|e| ClientError::Usage(format!("{e:#}")))?;
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
        network,
    };
    keep::save(&path, &login)?;
    super::text::print(&format!("Logged in to {} as {} until {}.", login.server, login.email, login.expires_at))
}
