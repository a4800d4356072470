//! `hospes admin`: companies and technicians. No network route makes either, so that no left-open page ever can.

use crate::operator::Config;
use crate::output::Format;
use crate::{input, licence};
use anyhow::{Context, Result};
use hospes_server::admin::NewCompany;
use hospes_store::model::Role;
use serde_json::json;
use std::path::Path;

/// On what.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum AdminCommand {
    /// Companies (the tenants)
    #[command(subcommand)]
    Company(CompanyCommand),
    /// The people who support
    #[command(subcommand)]
    Technician(TechnicianCommand),
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum CompanyCommand {
    /// Add a company, with a licence signed by this server's operator key
    Add(AddCompany),
    /// List the companies and their licences
    List(List),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddCompany {
    /// Its name; unique on this server
    #[arg(long)]
    name: String,
    /// The plan: essential, base, plus or premier
    #[arg(long)]
    plan: String,
    /// A module of the plan (insight with base); may be given several times
    #[arg(long = "module", value_name = "MODULE")]
    modules: Vec<String>,
    /// How many sessions may be open at a time
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    seats: u32,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum TechnicianCommand {
    /// Add a technician; the password (at least 8 characters) is read from standard input
    Add(AddTechnician),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddTechnician {
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

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum RoleName {
    Owner,
    Technician,
}

pub(crate) async fn run(command: AdminCommand, data: Option<&Path>) -> Result<()> {
    match command {
        AdminCommand::Company(CompanyCommand::Add(args)) => add_company(args, data).await,
        AdminCommand::Company(CompanyCommand::List(args)) => {
            licence::list(&args.config.admin(data).await?, None, args.format).await
        }
        AdminCommand::Technician(TechnicianCommand::Add(args)) => add_technician(args, data).await,
    }
}

async fn add_company(args: AddCompany, data: Option<&Path>) -> Result<()> {
    let admin = args.config.admin(data).await?;
    let new = NewCompany { name: args.name, plan: args.plan, modules: args.modules, seats: args.seats };
    let company = admin.add_company(&new).await.context("the company was not added")?;
    let document = json!({
        "id": company.id, "name": company.name, "plan": new.plan, "modules": new.modules, "seats": new.seats,
    });
    args.format.print(&document, || {
        let plan = [std::slice::from_ref(&new.plan), &new.modules].concat().join(" + ");
        format!("added company {} ({}) on plan {plan}, {} seats", company.name, company.id, new.seats)
    })
}

async fn add_technician(args: AddTechnician, data: Option<&Path>) -> Result<()> {
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
    let document = json!({
        "id": technician.id, "company": technician.company, "email": technician.email, "name": technician.name,
        "role": technician.role,
    });
    args.format.print(&document, || format!("added {} <{}> to {}", technician.name, technician.email, args.company))
}
