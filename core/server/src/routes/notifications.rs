//! Notification channels: what is there, adding, changing, removing, trying one out.

use crate::api::ProblemBody;
use crate::api::notifications::{
    DeliveryView, FieldProblem, MailView, NotificationChannelRequest, NotificationChannelView, NotificationsAnswer,
    NotifierView,
};
use crate::caller::Caller;
use crate::clock;
use crate::entitlement::Entitlement;
use crate::extract::{Id, Json};
use crate::notify::{self, compose, courier, plan};
use crate::pages::texts::choose_language;
use crate::refusal::{Answer, Refusal};
use crate::routes::masked::{keep_secrets, outline, without_secrets};
use crate::routes::views;
use crate::state::App;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use hospes_session::id::{DeliveryId, NotificationChannelId};
use hospes_session::notification::{EVENTS, TEST};
use hospes_store::model::Audit;
use hospes_store::outbox::{NewDelivery, NotificationChannel};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Notifiers that the plans sell, for lists that name one whose plugin is missing: id and titles.
const KNOWN: [(&str, [&str; 3]); 2] = [
    ("notify-email", ["E-mail", "E-mail", "Correo electrónico"]),
    ("notify-webhook", ["Webhook", "Webhook", "Webhook"]),
];
/// Most channels of a company.
const CHANNELS: usize = 50;
/// Longest settings of a channel, in bytes.
const CONFIG: usize = 16 << 10;
/// How long a test is waited for.
const TEST_TIME: Duration = Duration::from_secs(15);
/// Notifiers, channels and events.
#[utoipa::path(get, path = "/notifications", tag = "notifications", responses(
    (status = 200, body = NotificationsAnswer),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
) -> Answer<axum::Json<NotificationsAnswer>> {
    let company = caller.technician.company;
    let (_, entitlement) = app.entitlement(company).await?;
    let language = language(&headers);
    let owner = caller.owner().is_ok();
    let _place = app.notifiers.asked.place(company).await?;
    let mut channels = Vec::new();
    for channel in app.store.notification_channels(company).await? {
        let shown = view(&app, channel, language).await;
        let config = if owner { shown.config } else { outline(&shown.config) };
        channels.push(NotificationChannelView { config, ..shown });
    }
    Ok(axum::Json(NotificationsAnswer {
        mail: MailView {
            configured: app.notifiers.mail.is_some(),
            from: app.notifiers.mail.as_ref().map(|mail| mail.from()),
        },
        notifiers: notifiers(&app, &entitlement, language),
        events: EVENTS.iter().map(|event| (*event).to_owned()).collect(),
        channels,
        editable: owner,
    }))
}

fn notifiers(app: &App, entitlement: &Entitlement, language: &str) -> Vec<NotifierView> {
    let mut found: Vec<NotifierView> = app
        .notifiers
        .all()
        .map(|(id, installed)| {
            let manifest = &installed.manifest;
            let feature = manifest.tiers.keys().find(|feature| entitlement.features.contains(*feature));
            NotifierView {
                id: id.clone(),
                title: manifest.title(language).to_owned(),
                titles: manifest.title.clone(),
                feature: feature.or_else(|| manifest.tiers.keys().next()).cloned().unwrap_or_else(|| id.clone()),
                licensed: feature.is_some(),
                installed: true,
                recipients: installed.by_recipient(),
                version: Some(manifest.version.clone()),
            }
        })
        .collect();
    for (id, titles) in KNOWN {
        if found.iter().any(|notifier| notifier.id == id) {
            continue;
        }
        let titles = ["en", "fr", "es"].into_iter().zip(titles);
        let titles = titles.map(|(language, title)| (language.to_owned(), title.to_owned()));
        let titles: std::collections::BTreeMap<_, _> = titles.collect();
        found.push(NotifierView {
            id: id.to_owned(),
            title: titles.get(language).cloned().unwrap_or_default(),
            titles,
            feature: id.to_owned(),
            licensed: entitlement.features.contains(id),
            installed: false,
            recipients: id == "notify-email",
            version: None,
        });
    }
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found
}

/// Adds a channel. Owners only.
#[utoipa::path(post, path = "/notifications/channels", tag = "notifications", request_body = NotificationChannelRequest, responses(
    (status = 201, body = NotificationChannelView),
    (status = 402, body = ProblemBody, content_type = "application/problem+json", description = "not-licensed"),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "owner-only"),
    (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "too-many-channels"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "bad-config, with `problems`"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<NotificationChannelRequest>,
) -> Answer<impl IntoResponse> {
    caller.owner()?;
    let company = caller.technician.company;
    if app.store.notification_channels(company).await?.len() >= CHANNELS {
        return Err(Refusal::new("too-many-channels", StatusCode::CONFLICT, "The company has too many channels.")
            .detail(format!("At most {CHANNELS} are possible; remove one first.")));
    }
    let _place = app.notifiers.asked.place(company).await?;
    let now = clock::now();
    let channel = NotificationChannel {
        id: NotificationChannelId::from_parts(now, clock::random()?),
        company,
        notifier: body.notifier,
        title: body.title,
        enabled: body.enabled,
        events: body.events,
        config: body.config,
        created_at: now,
    };
    let channel = sound(&app, channel, language(&headers)).await?;
    app.store.add_notification_channel(&channel, &audit(&caller, "notification.channel.add", &channel)).await?;
    Ok((StatusCode::CREATED, axum::Json(view(&app, channel, language(&headers)).await)))
}

/// Changes a channel. Owners only; secrets that are left out stay as they are.
#[utoipa::path(put, path = "/notifications/channels/{id}", tag = "notifications", params(("id" = String, Path)),
    request_body = NotificationChannelRequest, responses(
    (status = 200, body = NotificationChannelView),
    (status = 402, body = ProblemBody, content_type = "application/problem+json", description = "not-licensed"),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "owner-only"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "bad-config, with `problems`"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<NotificationChannelId>,
    headers: HeaderMap,
    Json(body): Json<NotificationChannelRequest>,
) -> Answer<axum::Json<NotificationChannelView>> {
    let before = app.store.notification_channel(caller.technician.company, id).await?;
    caller.owner()?;
    let _place = app.notifiers.asked.place(before.company).await?;
    let mut config = body.config;
    if before.notifier == body.notifier {
        keep_secrets(&mut config, &before.config);
    }
    let channel = NotificationChannel {
        notifier: body.notifier,
        title: body.title,
        enabled: body.enabled,
        events: body.events,
        config,
        ..before
    };
    let channel = sound(&app, channel, language(&headers)).await?;
    let audit = audit(&caller, "notification.channel.change", &channel);
    app.store.set_notification_channel(&channel, clock::now(), &audit).await?;
    Ok(axum::Json(view(&app, channel, language(&headers)).await))
}

/// Removes a channel; what it still had to deliver is given up. Owners only.
#[utoipa::path(delete, path = "/notifications/channels/{id}", tag = "notifications", params(("id" = String, Path)), responses(
    (status = 204),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "owner-only"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<NotificationChannelId>,
) -> Answer<StatusCode> {
    let company = caller.technician.company;
    let channel = app.store.notification_channel(company, id).await?;
    caller.owner()?;
    let audit = audit(&caller, "notification.channel.remove", &channel);
    app.store.remove_notification_channel(company, id, clock::now(), &audit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test by a channel and waits for it, at most 15 s. Mail goes to the asking technician.
#[utoipa::path(post, path = "/notifications/channels/{id}/test", tag = "notifications", params(("id" = String, Path)), responses(
    (status = 200, body = DeliveryView, description = "how it stands: delivered, dead, or still waiting after 15 s"),
    (status = 403, body = ProblemBody, content_type = "application/problem+json", description = "owner-only"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too-many-tries"),
))]
pub(super) async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<NotificationChannelId>,
) -> Answer<axum::Json<DeliveryView>> {
    let channel = app.store.notification_channel(caller.technician.company, id).await?;
    caller.owner()?;
    let place = app.notifiers.asked.place(channel.company).await?;
    let (company, _) = app.entitlement(channel.company).await?;
    let now = clock::now();
    let by_recipient = app.notifiers.get(&channel.notifier).is_some_and(|found| found.by_recipient());
    let new = NewDelivery {
        id: DeliveryId::from_parts(now, clock::random()?),
        channel: channel.id,
        channel_title: channel.title,
        notifier: channel.notifier,
        recipient: by_recipient.then(|| plan::for_technician(&caller.technician)),
        payload: compose::payload(&compose::Told {
            event: TEST,
            at: now,
            server: &app.public.origin,
            company: &company,
            technician: Some(&caller.technician),
            session: None,
            uses: None,
        }),
    };
    let delivery = courier::begin_test(&*app.store, company.id, &new, now).await?;
    let (id, app_there) = (delivery.id, app.clone());
    // On its own: a caller that goes away does not break it off.
    let trying = tokio::spawn(async move {
        let _place = place;
        notify::try_now(&app_there, delivery).await
    });
    let delivery = match tokio::time::timeout(TEST_TIME, trying).await {
        Ok(Ok(tried)) => tried?,
        Ok(Err(_)) | Err(_) => app.store.delivery(company.id, id).await?,
    };
    Ok(axum::Json(views::delivery(&delivery)))
}

/// The channel when it can be kept; otherwise what is wrong, field by field.
async fn sound(app: &App, channel: NotificationChannel, language: &str) -> Answer<NotificationChannel> {
    let title = channel.title.trim().to_owned();
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: &str| {
        problems.push(FieldProblem { field: field.to_owned(), message: message.to_owned() });
    };
    if title.is_empty() || title.chars().count() > 100 || title.chars().any(char::is_control) {
        wrong("title", "1 to 100 characters, none of them a control character");
    }
    let known = channel.events.iter().all(|event| EVENTS.contains(&event.as_str()));
    let mut once = channel.events.clone();
    once.sort_unstable();
    once.dedup();
    if channel.events.is_empty() || !known || once.len() != channel.events.len() {
        wrong("events", &format!("at least one, each once, of: {}", EVENTS.join(", ")));
    }
    if !channel.config.is_object() || channel.config.to_string().len() > CONFIG {
        wrong("config", &format!("an object of at most {CONFIG} bytes"));
    }
    let Some(installed) = app.notifiers.get(&channel.notifier) else {
        wrong("notifier", "a notifier that this server has");
        return Err(bad_config(&problems));
    };
    let (_, entitlement) = app.entitlement(channel.company).await?;
    if !installed.manifest.licensed(&entitlement.features) {
        let features: Vec<_> = installed.manifest.tiers.keys().cloned().collect();
        return Err(Refusal::new(
            "not-licensed",
            StatusCode::PAYMENT_REQUIRED,
            "The company's plan does not have this.",
        )
        .detail(format!("{} needs the feature '{}'", channel.notifier, features.join("' or '"))));
    }
    if channel.config.is_object() {
        let found = app.notifiers.check(&channel.notifier, &channel.config, language).await;
        let found = found.map_err(|error| Refusal::internal(error.to_string()))?;
        problems.extend(found.into_iter().map(|found| FieldProblem { field: found.field, message: found.message }));
    }
    if problems.is_empty() { Ok(NotificationChannel { title, ..channel }) } else { Err(bad_config(&problems)) }
}

fn bad_config(problems: &[FieldProblem]) -> Refusal {
    let told: Vec<_> = problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect();
    Refusal::new("bad-config", StatusCode::UNPROCESSABLE_ENTITY, "The channel's settings cannot be used.")
        .detail(told.join("; "))
        .fields(json!(problems))
}

/// A channel as it is shown, with what keeps it from delivering.
async fn view(app: &App, channel: NotificationChannel, language: &str) -> NotificationChannelView {
    let problems = match app.notifiers.check(&channel.notifier, &channel.config, language).await {
        Ok(problems) => problems
            .into_iter()
            .map(|problem| FieldProblem { field: problem.field, message: problem.message })
            .collect(),
        Err(error) => {
            tracing::error!(notifier = channel.notifier, %error, "a notifier does not run");
            vec![FieldProblem { field: "notifier".to_owned(), message: error.to_string() }]
        }
    };
    NotificationChannelView {
        id: channel.id.to_string(),
        notifier: channel.notifier,
        title: channel.title,
        enabled: channel.enabled,
        events: channel.events,
        config: without_secrets(&channel.config),
        problems,
    }
}

fn audit(caller: &Caller, action: &str, channel: &NotificationChannel) -> Audit {
    Audit {
        company: Some(channel.company),
        session: None,
        actor: caller.actor(),
        action: action.to_owned(),
        detail: json!({
            "channel": channel.id,
            "notifier": channel.notifier,
            "title": channel.title,
            "enabled": channel.enabled,
            "events": channel.events,
            "config": outline(&channel.config),
        }),
    }
}

/// The language that the asker's browser prefers, of those that there are.
fn language(headers: &HeaderMap) -> &'static str {
    views::language(choose_language(None, None, headers))
}
