//! Why a capability cannot be opened now, as a code for programs and a sentence for people, with what would change it
//! (R9, R10, R20). Pure: the caller has looked everything up.

use hospes_session::model::Language;
use hospes_session::plan::Plan;

/// Why not; the first that holds, in this order: what nobody here can change comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason<'a> {
    /// No plugin serves it on this server.
    NotInstalled,
    /// The company's licence is not in force.
    NoLicence,
    /// The plan does not have it.
    NotLicensed {
        /// The company's plan.
        plan: &'a str,
        /// The features that unlock it.
        features: &'a [String],
        /// All plans.
        plans: &'a [Plan],
    },
    /// The session does not include it.
    NotChosen,
    /// The customer has not activated the session yet.
    NotActive,
    /// The session is over.
    Over,
    /// The customer's computer is not connected.
    Offline,
    /// The customer does not allow it.
    Denied,
    /// The computer cannot do it; the host's own words, which are not to be trusted.
    Impossible(&'a str),
}

impl Reason<'_> {
    /// A stable code; the host's own words when the computer cannot do it.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::NotInstalled => "not-installed",
            Self::NoLicence | Self::NotLicensed { .. } => "not-licensed",
            Self::NotChosen => "not-chosen",
            Self::NotActive | Self::Over => "session-not-active",
            Self::Offline => "host-offline",
            Self::Denied => "local-user-denied",
            Self::Impossible(words) => words,
        }
    }

    /// One sentence.
    pub(crate) fn sentence(&self, language: Language) -> String {
        let texts = self.texts();
        let text = match language {
            Language::En => texts[0],
            Language::Fr => texts[1],
            Language::Es => texts[2],
        };
        match self {
            Self::NotLicensed { plan, features, plans } => {
                let (unlock, what) = unlocked_by(plan, features, plans);
                text.replace("{plan}", plan).replace("{unlock}", unlock.text(language)).replace("{what}", &what)
            }
            // Last, so that nothing in the host's words is taken for a place to fill.
            Self::Impossible(words) => text.replace("{words}", words),
            _ => text.to_owned(),
        }
    }

    /// English, French, Spanish.
    fn texts(&self) -> [&'static str; 3] {
        match self {
            Self::NotInstalled => [
                "No plugin for it is installed on this server; its operator can install one.",
                "Aucun plugin n’est installé pour cela sur ce serveur ; son exploitant peut en installer un.",
                "No hay ningún plugin instalado para esto en este servidor; su operador puede instalar uno.",
            ],
            Self::NoLicence => [
                "The company’s licence is not in force.",
                "La licence de la société n’est pas en vigueur.",
                "La licencia de la empresa no está en vigor.",
            ],
            Self::NotLicensed { .. } => [
                "The plan “{plan}” does not include it; {unlock}.",
                "L’abonnement « {plan} » ne le comprend pas ; {unlock}.",
                "El plan «{plan}» no lo incluye; {unlock}.",
            ],
            Self::NotChosen => [
                "It is not chosen for this session; choose it here, also while the session runs.",
                "Ce n’est pas choisi pour cette session ; choisissez-le ici, même pendant la session.",
                "No está elegido para esta sesión; elíjalo aquí, también durante la sesión.",
            ],
            Self::NotActive => [
                "The customer has not entered the security code yet.",
                "Le client n’a pas encore saisi le code de sécurité.",
                "El cliente todavía no ha introducido el código de seguridad.",
            ],
            Self::Over => ["The session is over.", "La session est terminée.", "La sesión ha terminado."],
            Self::Offline => [
                "The customer’s computer is not connected now; it comes back by itself.",
                "L’ordinateur du client n’est pas connecté pour le moment ; il revient de lui-même.",
                "El equipo del cliente no está conectado ahora; vuelve por sí solo.",
            ],
            Self::Denied => [
                "The customer does not allow it; only they can, on their computer.",
                "Le client ne l’autorise pas ; lui seul le peut, sur son ordinateur.",
                "El cliente no lo permite; solo él puede hacerlo, en su equipo.",
            ],
            Self::Impossible(_) => [
                "The customer’s computer cannot do it now: {words}",
                "L’ordinateur du client ne le peut pas pour le moment : {words}",
                "El equipo del cliente no puede hacerlo ahora: {words}",
            ],
        }
    }
}

/// What would unlock it.
#[derive(Clone, Copy)]
enum Unlock {
    /// A module of the company's own plan.
    Module,
    /// Other plans.
    Plans,
    /// Nothing that is sold.
    Nothing,
}

impl Unlock {
    fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Module, Language::En) => "the module “{what}” adds it",
            (Self::Module, Language::Fr) => "le module « {what} » l’ajoute",
            (Self::Module, Language::Es) => "el módulo «{what}» lo añade",
            (Self::Plans, Language::En) => "it comes with {what}",
            (Self::Plans, Language::Fr) => "il est compris dans {what}",
            (Self::Plans, Language::Es) => "viene con {what}",
            (Self::Nothing, Language::En) => "no plan that is sold today does",
            (Self::Nothing, Language::Fr) => "aucun abonnement en vente ne le comprend",
            (Self::Nothing, Language::Es) => "ningún plan en venta lo incluye",
        }
    }
}

/// The own plan's module when one does; else the plans that are sold, with the module where one is needed.
fn unlocked_by(plan: &str, features: &[String], plans: &[Plan]) -> (Unlock, String) {
    let unlocks = |has: &std::collections::BTreeSet<String>| features.iter().any(|feature| has.contains(feature));
    let module = |plan: &Plan| plan.modules.iter().find(|(_, adds)| unlocks(adds)).map(|(module, _)| module.clone());
    if let Some(module) = plans.iter().find(|known| known.id == plan).and_then(module) {
        return (Unlock::Module, module);
    }
    let sold: Vec<String> = plans
        .iter()
        .filter(|plan| plan.sold)
        .filter_map(|plan| {
            if unlocks(&plan.features) {
                return Some(plan.id.clone());
            }
            module(plan).map(|module| format!("{} + {module}", plan.id))
        })
        .collect();
    if sold.is_empty() { (Unlock::Nothing, String::new()) } else { (Unlock::Plans, sold.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_session::plan::default_catalogue;

    #[test]
    fn r9_r10_what_would_unlock_it_is_named() {
        let mut plans = default_catalogue();
        let check = |plans: &[Plan], plan, feature: &str, expect: [&str; 3]| {
            let features = [feature.to_owned()];
            let reason = Reason::NotLicensed { plan, features: &features, plans };
            assert_eq!(reason.code(), "not-licensed");
            for (language, expect) in [Language::En, Language::Fr, Language::Es].into_iter().zip(expect) {
                let said = reason.sentence(language);
                assert!(said.ends_with(expect) && said.contains(plan), "{plan} {feature}: {said}");
                assert!(!said.contains('{'), "{said}");
            }
        };
        let module =
            ["the module “insight” adds it.", "le module « insight » l’ajoute.", "el módulo «insight» lo añade."];
        check(&plans, "base", "dashboard", module);
        let other = ["comes with base + insight.", "compris dans base + insight.", "viene con base + insight."];
        check(&plans, "essential", "dashboard", other);
        check(&plans, "essential", "file-manager", ["comes with base.", "compris dans base.", "viene con base."]);
        let never = ["no plan that is sold today does.", "en vente ne le comprend.", "en venta lo incluye."];
        check(&plans, "plus", "terminal", never);
        plans.iter_mut().for_each(|plan| plan.sold = false);
        check(&plans, "essential", "file-manager", never);
    }

    #[test]
    fn every_reason_is_a_sentence_in_each_language_and_a_hosts_words_stay_words() {
        let all = [
            Reason::NotInstalled,
            Reason::NoLicence,
            Reason::NotChosen,
            Reason::NotActive,
            Reason::Over,
            Reason::Offline,
            Reason::Denied,
            Reason::Impossible("no {plan} {words} display."),
        ];
        for reason in all {
            let said = [Language::En, Language::Fr, Language::Es].map(|language| reason.sentence(language));
            assert!(said.iter().all(|text| text.ends_with('.')), "{said:?}");
            assert!(said[0] != said[1] && said[1] != said[2], "{said:?}");
        }
        let words = Reason::Impossible("no {plan} {words} display.").sentence(Language::En);
        assert_eq!(words, "The customer’s computer cannot do it now: no {plan} {words} display.");
    }
}
