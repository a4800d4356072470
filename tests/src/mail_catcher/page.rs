//! The page: a list, each message as text and as HTML in a frame without scripts, and everything as JSON.

use crate::mail_catcher::{Inbox, Mail};
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves until dropped.
pub(super) async fn serve(listener: TcpListener, inbox: Arc<Inbox>) {
    let router = Router::new()
        .route("/", get(list))
        .route("/page.js", get(script))
        .route("/page.css", get(style))
        .route("/messages.json", get(all))
        .route("/messages/{id}", get(one))
        .route("/messages/{id}/html", get(as_html))
        .route("/messages/{id}/raw", get(as_it_came))
        .with_state(inbox);
    let _ = axum::serve(listener, router).await;
}

/// Nothing but this server's own script and style, and the frame with the message.
const OWN: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; \
                   base-uri 'none'; form-action 'none'";
/// A message runs no script, loads nothing, and opens its links in a tab of their own.
const MESSAGE: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
                       style-src 'unsafe-inline'; img-src data:; form-action 'none'";
const SANDBOX: &str = "allow-popups allow-popups-to-escape-sandbox";

const SCRIPT: &str = "const shown = Number(document.body.dataset.count);\n\
    setInterval(async () => {\n\
      const answer = await fetch('/messages.json').catch(() => null);\n\
      if (answer?.ok && (await answer.json()).messages.length !== shown) location.reload();\n\
    }, 1500);\n";

const STYLE: &str = ":root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }\n\
    body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }\n\
    ul { list-style: none; padding: 0 } li { padding: .6rem 0; border-bottom: 1px solid #8884 }\n\
    li a { display: block; font-weight: 600 } .about { color: GrayText; font-size: .9rem }\n\
    pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; padding: 1rem; border: 1px solid #8884 }\n\
    iframe { width: 100%; height: 40rem; border: 1px solid #8884; background: Canvas }\n";

type Kept = State<Arc<Inbox>>;

fn page(title: &str, count: Option<usize>, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/page.css";
                @if count.is_some() { script src="/page.js" defer {} }
            }
            body data-count=[count] { (content) }
        }
    };
    ([(header::CONTENT_SECURITY_POLICY, OWN)], Html(page.into_string())).into_response()
}

async fn list(State(inbox): Kept) -> Response {
    let mails = inbox.all();
    page(
        "Caught mail",
        Some(mails.len()),
        &html! {
            h1 { "Caught mail" }
            p.about { "Everything that the demo's server mails ends here; nothing leaves this machine." }
            @if mails.is_empty() { p { "Nothing yet." } }
            ul {
                @for mail in mails.iter().rev() {
                    li {
                        a href={ "/messages/" (mail.id) } { (subject(mail)) }
                        span.about { "to " (mail.to.join(", ")) ", from " (mail.from) }
                    }
                }
            }
        },
    )
}

fn subject(mail: &Mail) -> &str {
    if mail.subject.is_empty() { "(no subject)" } else { &mail.subject }
}

async fn one(State(inbox): Kept, Path(id): Path<usize>) -> Response {
    let Some(mail) = inbox.get(id) else { return no_such_message() };
    page(
        subject(&mail),
        None,
        &html! {
            p { a href="/" { "All mail" } }
            h1 { (subject(&mail)) }
            p.about { "to " (mail.to.join(", ")) ", from " (mail.from) }
            @if mail.html.is_some() {
                h2 { "As HTML" }
                iframe title="The message as HTML" sandbox=(SANDBOX) src={ "/messages/" (id) "/html" } {}
            }
            h2 { "As text" }
            pre { (linked(&mail.text)) }
            p { a href={ "/messages/" (id) "/raw" } { "As it came" } }
        },
    )
}

/// Text whose web addresses can be followed.
fn linked(text: &str) -> Markup {
    html! {
        @for piece in text.split_inclusive(char::is_whitespace) {
            @let word = piece.trim_end();
            @if word.starts_with("http://") || word.starts_with("https://") {
                a href=(word) rel="noreferrer" target="_blank" { (word) }
                (&piece[word.len()..])
            } @else { (piece) }
        }
    }
}

async fn as_html(State(inbox): Kept, Path(id): Path<usize>) -> Response {
    let Some(html) = inbox.get(id).and_then(|mail| mail.html) else { return no_such_message() };
    // Links leave the frame, which may not be navigated itself.
    let content = html! { (DOCTYPE) base target="_blank"; (PreEscaped(html)) };
    ([(header::CONTENT_SECURITY_POLICY, MESSAGE)], Html(content.into_string())).into_response()
}

async fn as_it_came(State(inbox): Kept, Path(id): Path<usize>) -> Response {
    let Some(mail) = inbox.get(id) else { return no_such_message() };
    plain("text/plain; charset=utf-8", mail.raw)
}

async fn all(State(inbox): Kept) -> Json<Value> {
    Json(json!({ "messages": inbox.all().iter().map(view).collect::<Vec<_>>() }))
}

fn view(mail: &Mail) -> Value {
    json!({
        "id": mail.id,
        "at": mail.at,
        "tls": mail.tls,
        "user": mail.user,
        "to": mail.to,
        "from": mail.from,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "text": mail.text,
        "html": mail.html,
    })
}

async fn script() -> Response {
    plain("text/javascript", SCRIPT.to_owned())
}

async fn style() -> Response {
    plain("text/css", STYLE.to_owned())
}

fn plain(kind: &'static str, text: String) -> Response {
    let nosniff = HeaderName::from_static("x-content-type-options");
    ([(header::CONTENT_TYPE, kind), (nosniff, "nosniff")], text).into_response()
}

fn no_such_message() -> Response {
    (StatusCode::NOT_FOUND, "There is no such message.").into_response()
}
