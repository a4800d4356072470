//! The WASI floor: what language runtimes import, all of it inert. No arguments, no environment, no directories, no
//! network; standard output and error become log lines.

use crate::host::log::{Log, Stdio};
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, io, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiView};

/// Most random bytes in one call.
const MAX_RANDOM: u64 = 64 << 10;

/// What a guest's runtime sees of the world.
pub(crate) fn context(log: &Arc<Log>) -> WasiCtx {
    WasiCtxBuilder::new()
        .max_random_size(MAX_RANDOM)
        .stdout(Stdio { log: Arc::clone(log), error: false })
        .stderr(Stdio { log: Arc::clone(log), error: true })
        .build()
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// Links exactly [`crate::inspect::WASI_FLOOR`]: interface by interface, so that nothing comes with the rest.
pub(crate) fn link<T: WasiView + 'static>(l: &mut Linker<T>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<_, Table>(l, |state| state.ctx().table)?;
    io::poll::add_to_linker::<_, Table>(l, |state| state.ctx().table)?;
    io::streams::add_to_linker::<_, Table>(l, |state| state.ctx().table)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, T::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, T::cli)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, T::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, T::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(l, T::random)?;
    random::insecure::add_to_linker::<_, WasiRandom>(l, T::random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, T::random)?;
    Ok(())
}
