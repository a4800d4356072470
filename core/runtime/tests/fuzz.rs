//! Fuzz target: what a hostile author packs as a component. Invariant 6: whatever the engine would ask for when it links
//! a component, the inspection before compilation has seen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and what helps them")]

use hospes_fuzz::Corpus;
use hospes_licence::interface::{Consent, consent_of};
use hospes_licence::manifest::Manifest;
use hospes_runtime::inspect::{WASI_FLOOR, inspect, outside};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use wasm_encoder::{
    Component, ComponentExportKind, ComponentExportSection, ComponentImportSection, ComponentInstanceSection,
    ComponentTypeRef, ComponentTypeSection, CustomSection, InstanceType, Module, ModuleSection, NestedComponentSection,
};
use wasmtime::{Config, Engine};

const SERVE: &str = "hospes:plugin/serve@0.1.0";

/// A component that imports empty interfaces and exports the first, or an instance of its own.
fn component(imports: &[&str], around: &dyn Fn(&mut Component)) -> Vec<u8> {
    let mut component = Component::new();
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    component.section(&types);
    around(&mut component);
    let mut section = ComponentImportSection::new();
    for name in imports {
        section.import(*name, ComponentTypeRef::Instance(0));
    }
    component.section(&section);
    let mut instances = ComponentInstanceSection::new();
    instances.export_items(Vec::<(&str, ComponentExportKind, u32)>::new());
    component.section(&instances);
    let mut exports = ComponentExportSection::new();
    exports.export(SERVE, ComponentExportKind::Instance, u32::try_from(imports.len()).unwrap(), None);
    component.section(&exports);
    component.finish()
}

/// The engine that would link it. Nothing of it is kept from one input to the next.
struct Linker(AssertUnwindSafe<Engine>);

impl Linker {
    fn new() -> Self {
        let mut config = Config::new();
        config.wasm_component_model(true);
        Self(AssertUnwindSafe(Engine::new(&config).unwrap()))
    }

    /// What it asks for by name, versions left out; none when it refuses the component.
    fn asks(&self, bytes: &[u8]) -> Option<BTreeSet<String>> {
        let compiled = wasmtime::component::Component::new(&self.0, bytes).ok()?;
        let kind = compiled.component_type();
        Some(kind.imports(&self.0).map(|(name, _)| name.split('@').next().unwrap_or_default().to_owned()).collect())
    }
}

#[test]
fn fuzz_imports() {
    let text = "id = \"x\"\nversion = \"0.1.0\"\nkind = \"capability\"\npublisher = \"test\"\nmin-host = \"0.1\"\n\
                title = { en = \"x\" }\n[tiers]\nx = [\"hospes:files/read\", \"hospes:desk/screen\"]\n";
    let manifest = Manifest::parse(text).unwrap();
    let nothing = |_: &mut Component| {};
    let stated = ["hospes:base/log@0.1.0", "hospes:files/read@0.1.2", "wasi:io/poll@0.2.6", "hospes:desk/screen@0.1.0"];
    let nested = |outer: &mut Component| {
        outer.section(&ModuleSection(&Module::new()));
        let mut inner = Component::new();
        inner.section(&ModuleSection(&Module::new()));
        inner.section(&NestedComponentSection(&Component::new()));
        outer.section(&NestedComponentSection(&inner));
        outer.section(&CustomSection { name: "name".into(), data: b"x".into() });
    };
    let seeds = [
        ("stated", component(&stated, &nothing)),
        ("nested", component(&stated, &nested)),
        ("undeclared", component(&["hospes:files/read@0.1.0", "hospes:desk/input@0.1.0"], &nothing)),
        ("foreign", component(&["wasi:filesystem/types@0.2.0", "a:b/c"], &nothing)),
        ("none", component(&[], &nothing)),
        ("module", Module::new().finish()),
    ];
    assert!(inspect(&seeds[0].1, &manifest).is_ok() && inspect(&seeds[1].1, &manifest).is_ok());
    let corpus = Corpus::of(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"), "imports", &seeds);
    let linker = Linker::new();
    bolero::check!(name = "imports").for_each(|input: &[u8]| {
        for bytes in [input, &corpus.edited(input)] {
            let seen = outside(bytes);
            let passed = inspect(bytes, &manifest).is_ok();
            if passed {
                let allowed = |name: &str| {
                    WASI_FLOOR.contains(&name)
                        || consent_of(name) == Some(Consent::Inert)
                        || manifest.interfaces().contains(name)
                };
                assert!(seen.as_ref().unwrap().imports.iter().all(|name| allowed(name)));
            }
            let Some(asked) = linker.asks(bytes) else { continue };
            let seen: BTreeSet<String> =
                seen.expect("the engine takes what was not read").imports.into_iter().collect();
            assert_eq!(asked, seen, "the engine asks for other interfaces than were seen");
        }
    });
}
