//! What `bindgen!` makes of `wit/` for the host's side. Unsafe code in here is generated: it states the layout of the
//! types that cross the border.

#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]

wasmtime::component::bindgen!({
    path: [
        "../../wit/wasi-io",
        "../../wit/base",
        "../../wit/desk",
        "../../wit/files",
        "../../wit/system",
        "../../wit/notify",
        "../../wit/plugin",
    ],
    world: "hospes:plugin/capability-sdk",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "wasi:io": wasmtime_wasi::p2::bindings::io,
        "hospes:base/channel.channel": crate::host::base::ChannelHandle,
        "hospes:desk/screen.capture": crate::host::desk::CaptureHandle,
        "hospes:files/read.directory": crate::host::files::DirectoryHandle,
        "hospes:files/read.file": crate::host::files::FileHandle,
        "hospes:files/write.upload": crate::host::files::UploadHandle,
    },
    trappable_error_type: { "hospes:base/types.error" => crate::host::HostError },
    require_store_data_send: true,
});

/// The notifier's world. What both worlds have is bound once, above.
pub(crate) mod notifier {
    wasmtime::component::bindgen!({
        path: [
            "../../wit/wasi-io",
            "../../wit/base",
            "../../wit/desk",
            "../../wit/files",
            "../../wit/system",
            "../../wit/notify",
            "../../wit/plugin",
        ],
        world: "hospes:plugin/notifier-sdk",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "hospes:base": crate::bindings::hospes::base },
        require_store_data_send: true,
    });
}
