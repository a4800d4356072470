//! What never runs: each refusal comes before anything is compiled, and says what is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and what helps them")]

mod common;

use common::{load, manifest, packed, publisher, publishers, runtime, signed};
use hospes_licence::key::KeyPair;
use hospes_licence::plugin_file;
use hospes_runtime::RuntimeError;

#[tokio::test]
async fn invariant6_imports_that_the_manifest_does_not_state_are_refused_with_both_lists() {
    let runtime = runtime();
    let error = load(&runtime, "undeclared", &["hospes:files/read"]).await.unwrap_err();
    assert_eq!(error.code(), "plugin-imports");
    assert_eq!(
        error.to_string(),
        "plugin undeclared was refused: hospes:desk/input is imported, but the manifest does not state it; the component \
         imports: hospes:base/channel, hospes:base/types, hospes:desk/input, hospes:files/read; its \
         manifest states: hospes:files/read"
    );
    load(&runtime, "undeclared", &["hospes:files/read", "hospes:desk/input"]).await.unwrap();
}

#[tokio::test]
async fn invariant6_a_manifest_that_states_more_than_is_imported_is_refused() {
    let error = load(&runtime(), "echo", &["hospes:files/read"]).await.unwrap_err().to_string();
    assert!(
        error.contains("hospes:files/read is stated by the manifest, but the component does not import it"),
        "{error}"
    );
}

#[tokio::test]
async fn invariant6_the_file_system_of_wasi_is_never_linked() {
    let error = load(&runtime(), "file-system", &[]).await.unwrap_err();
    assert_eq!(error.code(), "plugin-imports");
    assert!(
        error.to_string().contains("wasi:filesystem/types is not an interface that a plugin may import"),
        "{error}"
    );
}

#[tokio::test]
async fn unsigned_foreign_and_damaged_files_are_refused() {
    let runtime = runtime();
    let echo = hospes_hostile::component("echo").unwrap();
    let unsigned = packed(&echo, &manifest("echo", &[]));
    let foreign = plugin_file::sign(&unsigned, &KeyPair::from_secret(&[7; 32])).unwrap();
    let mut damaged = signed("echo", &[]);
    damaged[1000] ^= 1;
    let mut cut = signed("echo", &[]);
    cut.truncate(20_000);
    for (file, expect) in [(unsigned, "echo"), (foreign, "not trusted"), (damaged, "echo"), (cut, "")] {
        let error = runtime.load(file, &publishers()).await.unwrap_err();
        assert!(matches!(error, RuntimeError::Untrusted(_)) && error.to_string().contains(expect), "{error}");
    }
}

#[test]
fn a_component_that_cannot_be_one_is_refused_with_a_reason() {
    let capability = hospes_licence::manifest::Manifest::parse(&manifest("x", &[])).unwrap();
    let check = |bytes: &[u8], expect: &str| {
        let error = hospes_runtime::inspect::inspect(bytes, &capability).unwrap_err().to_string();
        assert!(error.starts_with("plugin x ") && error.contains(expect), "{error}");
    };
    check(b"", "not a WebAssembly component");
    check(b"\0asm\x01\0\0\0", "a WebAssembly module, not a component");
    check(b"\0asm\x0d\0\x01\0", "does not export hospes:plugin/serve@0.1.x");
    check(b"\0asm\x0d\0\x01\0\xff\xff\xff", "not a WebAssembly component");
}

#[test]
fn a_notifier_may_not_import_what_touches_the_customers_computer() {
    let toml = manifest("x", &["hospes:files/read", "hospes:desk/input"]).replace("capability", "notifier");
    let bytes = hospes_hostile::component("undeclared").unwrap();
    match hospes_licence::manifest::Manifest::parse(&toml) {
        // The manifest alone may be refused already; then there is nothing left to inspect.
        Err(_) => {}
        Ok(notifier) => {
            let error = hospes_runtime::inspect::inspect(&bytes, &notifier).unwrap_err().to_string();
            assert!(error.contains("hospes:files/read is imported, but a notifier may not import it"), "{error}");
        }
    }
    assert_eq!(publisher().public(), publishers()[0]);
}
