//! The temporary host.

fn main() -> std::process::ExitCode {
    hospes_agent::cli::main()
}
