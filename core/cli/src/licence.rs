//! `hospes licence`: keys, and the signed documents that say what a company may use.

use crate::operator::{Config, now};
use crate::output::Format;
use crate::{input, keyfile, output};
use anyhow::{Context, Result, bail, ensure};
use hospes_licence::key::PublicKey;
use hospes_licence::licence::{Licence, SignedLicence, issue, read, verify};
use hospes_server::admin::Admin;
use hospes_session::id::CompanyId;
use hospes_session::plan::default_catalogue;
use hospes_store::StoreError;
use hospes_store::model::{Audit, Company};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum LicenceCommand {
    /// Make a key pair and print its public half
    ///
    /// Without --out this is the server's own operator key, made on first use; with --out a new key file, e.g. for a
    /// plugin's publisher.
    Keygen(Keygen),
    /// Sign a licence for a company and print it
    Issue(Issue),
    /// Check a licence and put it in place of the company's present one
    Install(Install),
    /// Show the companies' licences, or one in a file
    Show(Show),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Keygen {
    /// Write a new key to this file, which only you can read
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Issue {
    /// The company's name, or its id
    #[arg(long)]
    company: String,
    /// The plan: essential, base, plus or premier
    #[arg(long)]
    plan: String,
    /// A module of the plan; may be given several times
    #[arg(long = "module", value_name = "MODULE")]
    modules: Vec<String>,
    /// How many sessions may be open at a time
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    seats: u32,
    /// First moment, e.g. 2026-12-01T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<jiff::Timestamp>,
    /// Last moment [default: no end]
    #[arg(long, value_name = "TIME")]
    until: Option<jiff::Timestamp>,
    /// Sign with this key file instead of the server's operator key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Write the licence to this file instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Install {
    /// The licence; - reads it from standard input
    file: PathBuf,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// A licence in a file; - reads it from standard input
    #[arg(conflicts_with = "company")]
    file: Option<PathBuf>,
    /// Only this company's
    #[arg(long, value_name = "NAME")]
    company: Option<String>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

pub(crate) async fn run(command: LicenceCommand, data: Option<&Path>) -> Result<()> {
    match command {
        LicenceCommand::Keygen(args) => keygen(&args, data),
        LicenceCommand::Issue(args) => sign(args, data).await,
        LicenceCommand::Install(args) => install(args, data).await,
        LicenceCommand::Show(args) => match &args.file {
            Some(file) => show(&args.config.admin(data).await?, file, args.format),
            None => list(&args.config.admin(data).await?, args.company.as_deref(), args.format).await,
        },
    }
}

fn keygen(args: &Keygen, data: Option<&Path>) -> Result<()> {
    let (public, place) = match &args.out {
        Some(file) => (keyfile::make(file)?.public(), file.clone()),
        None => {
            let data = args.config.settings(data)?.data;
            (hospes_server::keys::operator_key(&data)?.public(), data.join("operator.key"))
        }
    };
    let document = json!({ "public_key": public.to_string(), "file": place });
    args.format.print(&document, || format!("public key {public}\nsecret key in {}", place.display()))
}

async fn sign(args: Issue, data: Option<&Path>) -> Result<()> {
    let plan = default_catalogue().into_iter().find(|plan| plan.id == args.plan);
    let plan = plan.with_context(|| format!("there is no plan {:?}; the catalogue has: {}", args.plan, plans()))?;
    if let Some(module) = args.modules.iter().find(|module| !plan.modules.contains_key(*module)) {
        bail!("plan {} has no module {module:?}", plan.id);
    }
    let company = match args.company.parse::<CompanyId>() {
        Ok(id) => id,
        Err(_) => by_name(&args.config.admin(data).await?, &args.company).await?.id,
    };
    let now = now()?;
    let millis = |time: jiff::Timestamp| u64::try_from(time.as_millisecond()).context("licences begin after 1970");
    let licence = Licence {
        id: uuid::Uuid::now_v7().to_string(),
        company: company.to_string(),
        plan: args.plan,
        modules: args.modules,
        seats: args.seats,
        issued_at: now,
        from: args.from.map_or(Ok(now), millis)?,
        until: args.until.map(millis).transpose()?,
    };
    let key = match &args.key {
        Some(file) => keyfile::read(file)?,
        None => hospes_server::keys::operator_key(&args.config.settings(data)?.data)?,
    };
    let signed = serde_json::to_string_pretty(&issue(&licence, &key)?)?;
    match &args.out {
        None => output::write(&signed),
        Some(file) => std::fs::write(file, format!("{signed}\n"))
            .with_context(|| format!("the licence cannot be written to {}", file.display())),
    }
}

async fn install(args: Install, data: Option<&Path>) -> Result<()> {
    let signed = parse(&args.file)?;
    let admin = args.config.admin(data).await?;
    let trusted = [admin.operator().public()];
    let licence = read(&signed, &trusted).context("the licence was not installed")?;
    let id = licence.company.parse::<CompanyId>().context("the licence names no company's id")?;
    let company = match admin.store().company(id).await {
        Err(StoreError::NotFound) => bail!("the licence is for company {id}, which this server does not have"),
        other => other.context("the licence was not installed")?,
    };
    let now = now()?;
    verify(&signed, &trusted, &licence.company, now).context("the licence was not installed")?;
    ensure!(default_catalogue().iter().any(|plan| plan.id == licence.plan), "there is no plan {:?}", licence.plan);
    let audit = Audit {
        company: Some(id),
        session: None,
        actor: "operator".to_owned(),
        action: "licence.install".to_owned(),
        detail: serde_json::to_value(&licence)?,
    };
    admin.store().set_licence(id, &signed, now, &audit).await.context("the licence was not installed")?;
    args.format.print(&describe(&signed, &trusted, Some(&company), now), || {
        format!("installed: {} is on plan {} with {} seats", company.name, licence.plan, licence.seats)
    })
}

fn show(admin: &Admin, file: &Path, format: Format) -> Result<()> {
    let signed = parse(file)?;
    let document = json!({ "licences": [describe(&signed, &[admin.operator().public()], None, now()?)] });
    format.print(&document, || lines(&document))
}

/// The licences of all companies, or of one.
pub(crate) async fn list(admin: &Admin, company: Option<&str>, format: Format) -> Result<()> {
    let companies = match company {
        Some(name) => vec![by_name(admin, name).await?],
        None => admin.store().companies().await.context("the companies cannot be listed")?,
    };
    let trusted = [admin.operator().public()];
    let now = now()?;
    let all: Vec<Value> =
        companies.iter().map(|company| describe(&company.licence, &trusted, Some(company), now)).collect();
    let document = json!({ "licences": all });
    format.print(&document, || {
        if companies.is_empty() {
            "no companies yet; add one with `hospes admin company add`".to_owned()
        } else {
            lines(&document)
        }
    })
}

async fn by_name(admin: &Admin, name: &str) -> Result<Company> {
    match admin.store().company_by_name(name).await {
        Err(StoreError::NotFound) => bail!("there is no company {name:?}; see `hospes admin company list`"),
        other => other.context("the company cannot be read"),
    }
}

fn parse(file: &Path) -> Result<SignedLicence> {
    let text = input::text(file)?;
    let wanted = "expected what `hospes licence issue` prints";
    serde_json::from_str(&text).with_context(|| format!("{} is not a licence: {wanted}", file.display()))
}

/// A licence for people and scripts. What it says is shown even when it is not valid, with the reason.
fn describe(signed: &SignedLicence, trusted: &[PublicKey], company: Option<&Company>, now: u64) -> Value {
    let said: Option<Licence> = serde_json::from_slice(&signed.bytes).ok();
    let expected = company.map(|company| company.id.to_string());
    let expected = expected.or_else(|| said.as_ref().map(|licence| licence.company.clone())).unwrap_or_default();
    let problem = verify(signed, trusted, &expected, now).err().map(|refusal| refusal.to_string());
    let time = |millis: u64| i64::try_from(millis).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    json!({
        "company_id": expected,
        "company": company.map(|company| company.name.as_str()),
        "licence_id": said.as_ref().map(|licence| licence.id.as_str()),
        "plan": said.as_ref().map(|licence| licence.plan.as_str()),
        "modules": said.as_ref().map(|licence| licence.modules.as_slice()).unwrap_or_default(),
        "seats": said.as_ref().map(|licence| licence.seats),
        "from": said.as_ref().and_then(|licence| time(licence.from)),
        "until": said.as_ref().and_then(|licence| licence.until).and_then(time),
        "signed_by": signed.key.to_string(),
        "valid": problem.is_none(),
        "problem": problem,
    })
}

fn lines(document: &Value) -> String {
    let mut text = String::new();
    for licence in document["licences"].as_array().into_iter().flatten() {
        let word = |key: &str| match &licence[key] {
            Value::String(word) => word.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        let modules: Vec<&str> =
            licence["modules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let plan =
            [vec![word("plan")], modules.iter().map(|module| (*module).to_owned()).collect()].concat().join(" + ");
        text.push_str(&format!("{} ({})\n", word("company"), word("company_id")));
        text.push_str(&format!(
            "  plan {plan}, {} seats, from {} until {}\n",
            word("seats"),
            word("from"),
            word("until")
        ));
        match licence["problem"].as_str() {
            None => text.push_str("  valid\n"),
            Some(problem) => text.push_str(&format!("  NOT VALID: {problem}\n")),
        }
    }
    text
}

fn plans() -> String {
    default_catalogue().into_iter().map(|plan| plan.id).collect::<Vec<_>>().join(", ")
}
