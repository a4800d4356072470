//! From a type that implements [`Plugin`] to a component's exports.

use crate::bindings::exports::hospes::plugin::serve::Guest;
use crate::bindings::hospes::base::{channel, log};
use crate::{Channel, Level, Result};
use std::marker::PhantomData;

/// A capability: one call, for as long as its channel is open.
pub trait Plugin {
    /// Serves one channel. `request` is the JSON that the opener gave (`{}` when it gave nothing). Returning closes the
    /// channel; an error is shown to the technician.
    ///
    /// # Errors
    /// Whatever could not be dealt with.
    fn run(request: String, channel: Channel) -> Result<()>;
}

/// What stands between the generated trait and [`Plugin`].
#[derive(Debug)]
pub struct Adapter<P>(PhantomData<P>);

impl<P: Plugin> Guest for Adapter<P> {
    fn run(request: String, ch: channel::Channel) -> Result<()> {
        P::run(request, Channel::from_raw(ch))
    }
}

/// Writes one line to the host's log.
pub fn write_log(level: Level, message: &str) {
    log::write(level, message);
}

/// Makes a type that implements [`Plugin`](crate::Plugin) this component's export. Once per plugin, at the crate's root.
/// Does nothing outside WebAssembly, so that a plugin's crate checks and tests natively too.
#[macro_export]
macro_rules! export {
    ($plugin:ident) => {
        #[cfg(not(target_family = "wasm"))]
        const _: fn(::std::string::String, $crate::Channel) -> $crate::Result<()> = <$plugin as $crate::Plugin>::run;
        #[cfg(target_family = "wasm")]
        type HospesExport = $crate::Adapter<$plugin>;
        #[cfg(target_family = "wasm")]
        $crate::bindings::export_component!(HospesExport with_types_in $crate::bindings);
    };
}
