//! The HTTP API as a script would use it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A client with a bearer token.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    /// Without the slash at the end.
    pub url: String,
    /// The bearer token.
    pub token: String,
    /// What the customer has to say to the host to get through the network.
    network: Vec<String>,
}

/// What `POST /sessions` answers.
#[derive(Clone, Debug)]
pub struct PreparedSession {
    /// The session's id.
    pub id: String,
    /// For the customer.
    pub link: String,
    /// For the customer, by another way.
    pub code: String,
    /// For the technician.
    pub password: String,
    /// For the host, to get through the network.
    pub network: Vec<String>,
}

impl Api {
    /// Logs in.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn log_in(url: &str, email: &str, password: &str) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self::log_in_by(reqwest::Client::builder(), url, &[], email, password).await
    }

    /// Logs in through a network.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn log_in_by(
        client: reqwest::ClientBuilder,
        url: &str,
        network: &[String],
        email: &str,
        password: &str,
    ) -> Result<Self> {
        let client = client.timeout(Duration::from_secs(20)).build()?;
        let mut api = Self { client, url: url.to_owned(), token: String::new(), network: network.to_vec() };
        let (status, answer) =
            api.call("POST", "/auth/login", Some(json!({"email": email, "password": password}))).await?;
        ensure!(status == 200, "login: {status} {answer}");
        api.token = answer["token"].as_str().context("no token")?.to_owned();
        Ok(api)
    }

    /// One call below `/api/v1`: status and JSON.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let mut request = self.client.request(method, format!("{}/api/v1{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Prepares a session.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn prepare(&self) -> Result<PreparedSession> {
        let (status, answer) =
            self.call("POST", "/sessions", Some(json!({"customer_email": "customer@acme.test"}))).await?;
        ensure!(status == 201, "prepare: {status} {answer}");
        let text = |key: &str| answer[key].as_str().map(str::to_owned).with_context(|| format!("no {key}"));
        Ok(PreparedSession {
            id: text("id")?,
            link: text("deployment_link")?,
            code: text("security_code")?,
            password: text("password")?,
            network: self.network.clone(),
        })
    }

    /// A page that needs no login: status and text.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn page(&self, url: &str) -> Result<(u16, String)> {
        let answer = self.client.get(url).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// One session.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn session(&self, id: &str) -> Result<Value> {
        let (status, answer) = self.call("GET", &format!("/sessions/{id}"), None).await?;
        ensure!(status == 200, "session: {status} {answer}");
        Ok(answer)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn end(&self, id: &str) -> Result<()> {
        let (status, answer) = self.call("POST", &format!("/sessions/{id}/end"), Some(json!({}))).await?;
        ensure!(status == 200, "end: {status} {answer}");
        Ok(())
    }

    /// Waits until the session looks as wanted.
    ///
    /// # Errors
    /// When it does not within `patience`; the error shows how it looks.
    pub async fn wait_for(&self, id: &str, patience: Duration, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + patience;
        loop {
            let last = self.session(id).await;
            if let Ok(session) = &last
                && wanted(session)
            {
                return Ok(session.clone());
            }
            ensure!(Instant::now() < deadline, "not within {patience:?}: {last:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
