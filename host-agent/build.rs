//! The first-party publisher's key is compiled in: a checkout has a key of its own, made by `cargo xtask`.

fn main() {
    println!("cargo::rerun-if-env-changed=HOSPES_PUBLISHER_KEY");
    println!("cargo::rerun-if-changed=build.rs");
    match std::env::var("HOSPES_PUBLISHER_KEY") {
        Ok(key) if key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            println!("cargo::rustc-env=HOSPES_PUBLISHER_KEY={key}");
        }
        Ok(key) => println!("cargo::error=HOSPES_PUBLISHER_KEY must be 64 hex digits (a public key), not {key:?}"),
        Err(_) if std::env::var("PROFILE").as_deref() == Ok("release") => {
            println!(
                "cargo::error=HOSPES_PUBLISHER_KEY is not set: a release needs the publisher's public key; build with `cargo xtask build --release`"
            );
        }
        Err(_) => {}
    }
}
