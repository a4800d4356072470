//! Notifications (R19): entries of the outbox become deliveries ([`plan`]), a [`courier`] tries them until they arrive or
//! are given up, [`notifiers`] run the plugins, which reach the world through [`mail`] and [`egress`] only.

mod address;
mod again;
mod asked;
pub(crate) mod compose;
pub(crate) mod courier;
pub(crate) mod egress;
pub(crate) mod mail;
pub(crate) mod notifiers;
#[cfg(test)]
mod outage;
pub(crate) mod plan;
pub(crate) mod presence;
mod queue;
mod worker;

pub(crate) use notifiers::Notifiers;
pub(crate) use worker::{run, try_now};
