//! `hospes admin technician`: the people who support, for the operator. Owners are made here only.

use crate::client::text::{columns, shown};
use crate::input;
use crate::operator::Config;
use crate::output::Format;
use anyhow::{Context, Result};
use hospes_store::model::{Role, Technician};
use serde_json::{Value, json};
use std::path::Path;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum TechnicianCommand {
    /// Add a technician; the password (at least 8 characters) is read from standard input
    Add(Add),
    /// List technicians, owners among them
    List(List),
    /// Let a technician log in no more; their log-ins end at once, their sessions stay
    Disable(One),
    /// Let a technician log in again
    Enable(One),
    /// Give a technician a temporary password, printed once; their log-ins end at once
    Reset(One),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The company's name
    #[arg(long)]
    company: String,
    /// E-mail address to log in with; unique on this server
    #[arg(long)]
    email: String,
    /// Name, as customers read it
    #[arg(long)]
    name: String,
    /// owner (also manages the company) or technician
    #[arg(long, value_enum, default_value = "technician")]
    role: RoleName,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only this company's
    #[arg(long)]
    company: Option<String>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// E-mail address that they log in with
    #[arg(long)]
    email: String,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum RoleName {
    Owner,
    Technician,
}

pub(crate) async fn run(command: TechnicianCommand, data: Option<&Path>) -> Result<()> {
    match command {
        TechnicianCommand::Add(args) => add(args, data).await,
        TechnicianCommand::List(args) => list(args, data).await,
        TechnicianCommand::Disable(args) => disable(args, true, data).await,
        TechnicianCommand::Enable(args) => disable(args, false, data).await,
        TechnicianCommand::Reset(args) => reset(args, data).await,
    }
}

async fn add(args: Add, data: Option<&Path>) -> Result<()> {
    let password = input::password(&format!("Password for {}", args.email))?;
    let admin = args.config.admin(data).await?;
    let role = match args.role {
        RoleName::Owner => Role::Owner,
        RoleName::Technician => Role::Technician,
    };
    let technician = admin
        .add_technician(&args.company, &args.email, &args.name, role, password)
        .await
        .context("the technician was not added")?;
    args.format.print(&document(&technician), || {
        format!("added {} <{}> to {}", technician.name, technician.email, args.company)
    })
}

async fn list(args: List, data: Option<&Path>) -> Result<()> {
    let admin = args.config.admin(data).await?;
    let companies = match &args.company {
        Some(name) => vec![admin.company(name).await?],
        None => admin.store().companies().await?,
    };
    let mut documents = Vec::new();
    let mut rows = vec![["COMPANY", "E-MAIL", "NAME", "ROLE", "STATE"].map(str::to_owned).to_vec()];
    for company in companies {
        for technician in admin.store().technicians(company.id).await? {
            let state = if technician.disabled_at.is_some() { "disabled" } else { "" };
            let mut row = [&company.name, &technician.email, &technician.name].map(|text| shown(text)).to_vec();
            row.extend([role(technician.role).to_owned(), state.to_owned()]);
            rows.push(row);
            documents.push(document(&technician));
        }
    }
    args.format.print(&json!({ "technicians": documents }), || columns(&rows))
}

async fn disable(args: One, disabled: bool, data: Option<&Path>) -> Result<()> {
    let admin = args.config.admin(data).await?;
    let technician = admin.disable(&args.email, disabled).await.context("the technician was not changed")?;
    args.format.print(&document(&technician), || {
        format!("{} {}", technician.email, if disabled { "cannot log in any more" } else { "can log in" })
    })
}

async fn reset(args: One, data: Option<&Path>) -> Result<()> {
    let admin = args.config.admin(data).await?;
    let (technician, password) = admin.reset(&args.email).await.context("the password was not reset")?;
    let mut document = document(&technician);
    document["password"] = password.reveal().into();
    args.format.print(&document, || {
        format!(
            "{}\nThis is the temporary password of {}: shown only now, to be changed at the next log-in.",
            password.reveal(),
            technician.email
        )
    })
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Technician => "technician",
    }
}

fn document(technician: &Technician) -> Value {
    json!({
        "id": technician.id, "company": technician.company, "email": technician.email, "name": technician.name,
        "role": technician.role, "disabled": technician.disabled_at.is_some(),
    })
}
