//! What wit-bindgen makes of `wit/`: the only module with unsafe code, all of it generated.

#![allow(missing_docs, unreachable_pub, unsafe_op_in_unsafe_fn, clippy::all, clippy::pedantic, clippy::restriction)]

wit_bindgen::generate!({
    path: [
        "../../wit/wasi-io",
        "../../wit/wasi-clocks",
        "../../wit/base",
        "../../wit/desk",
        "../../wit/files",
        "../../wit/system",
        "../../wit/notify",
        "../../wit/plugin",
        "wit",
    ],
    world: "hospes:rust-sdk/plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "hospes_sdk::bindings",
});

/// The notifier's world. What both worlds have is bound once, above.
pub mod notifier {
    wit_bindgen::generate!({
        path: [
            "../../wit/wasi-io",
            "../../wit/wasi-clocks",
            "../../wit/base",
            "../../wit/desk",
            "../../wit/files",
            "../../wit/system",
            "../../wit/notify",
            "../../wit/plugin",
            "wit",
        ],
        world: "hospes:rust-sdk/notifier",
        with: {
            "hospes:base/types@0.1.0": crate::bindings::hospes::base::types,
            "hospes:base/log@0.1.0": crate::bindings::hospes::base::log,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_notifier_component",
        default_bindings_module: "hospes_sdk::bindings::notifier",
    });
}
