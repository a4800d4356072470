//! `hospes admin`: companies and technicians. No network route makes a company or an owner, so that no left-open page ever
//! can.

use crate::operator::Config;
use crate::output::Format;
use crate::{licence, technician};
use anyhow::{Context, Result};
use hospes_server::admin::NewCompany;
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
    Technician(technician::TechnicianCommand),
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

pub(crate) async fn run(command: AdminCommand, data: Option<&Path>) -> Result<()> {
    match command {
        AdminCommand::Company(CompanyCommand::Add(args)) => add_company(args, data).await,
        AdminCommand::Company(CompanyCommand::List(args)) => {
            licence::list(&args.config.admin(data).await?, None, args.format).await
        }
        AdminCommand::Technician(command) => technician::run(command, data).await,
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
