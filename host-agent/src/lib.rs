//! hospes-agent.
