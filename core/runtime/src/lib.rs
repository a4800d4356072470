//! The only user of wasmtime: verify, inspect imports, link, budget, run. Knows no session, network or operating
//! system: what a host lends comes in as [`provider::Providers`], what is allowed as a [`gate::Gate`].

pub mod gate;
pub mod provider;
