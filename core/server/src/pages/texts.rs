//! What customers read, in their language. A missing text does not compile.

use axum::http::{HeaderMap, header};
use hospes_session::model::{EndReason, Language, Millis};

/// The texts of the customer page.
pub(crate) struct Texts {
    /// `lang` of the page, and its own name in the switch.
    pub(crate) code: &'static str,
    pub(crate) own_name: &'static str,
    pub(crate) languages: &'static str,
    pub(crate) title: &'static str,
    pub(crate) invites: &'static str,
    pub(crate) not_confirmed: &'static str,
    pub(crate) confirmed: &'static str,
    pub(crate) only_if: &'static str,
    pub(crate) what: &'static str,
    pub(crate) what_note: &'static str,
    pub(crate) how_long: &'static str,
    pub(crate) lease_hours: &'static str,
    pub(crate) lease_minutes: &'static str,
    pub(crate) lease_seconds: &'static str,
    pub(crate) how_long_note: &'static str,
    pub(crate) valid_until: &'static str,
    /// `{day}`, `{month}`, `{year}` and `{time}` as the language puts them.
    pub(crate) moment: &'static str,
    pub(crate) months: [&'static str; 12],
    pub(crate) get: &'static str,
    pub(crate) on_computer: &'static str,
    pub(crate) for_linux: &'static str,
    pub(crate) for_windows: &'static str,
    pub(crate) missing: &'static str,
    pub(crate) steps: &'static str,
    pub(crate) step_get: &'static str,
    pub(crate) step_run: &'static str,
    pub(crate) step_run_linux: &'static str,
    pub(crate) step_code: &'static str,
    pub(crate) step_allow: &'static str,
    pub(crate) step_end: &'static str,
    pub(crate) claimed: &'static str,
    pub(crate) unknown_title: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) used_title: &'static str,
    pub(crate) used: &'static str,
    pub(crate) expired_title: &'static str,
    pub(crate) expired: &'static str,
    pub(crate) burned_title: &'static str,
    pub(crate) burned: &'static str,
    pub(crate) ended_title: &'static str,
    pub(crate) ended: &'static str,
    pub(crate) ask_new: &'static str,
}

const EN: Texts = Texts {
    code: "en",
    own_name: "English",
    languages: "Language",
    title: "Remote support",
    invites: "invites you to a support session",
    not_confirmed: "Not confirmed: this server has not checked who they are.",
    confirmed: "Confirmed company",
    only_if: "Go on only if you know them and are expecting their help. Nobody serious calls you out of the blue about a problem with your computer.",
    what: "What may be used",
    what_note: "You decide on your computer what is allowed, and can take it back at any moment.",
    how_long: "For how long",
    lease_hours: "{n} hours from the moment you enter the security code",
    lease_minutes: "{n} minutes from the moment you enter the security code",
    lease_seconds: "{n} seconds from the moment you enter the security code",
    how_long_note: "Then the session ends by itself and the temporary host removes itself. You can end it earlier at any time.",
    valid_until: "This link is valid until {time}.",
    moment: "{day} {month} {year}, {time} UTC",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    get: "Get the temporary host",
    on_computer: "A phone or tablet cannot run it: open this link on the computer that needs help.",
    for_linux: "Download for Linux (64-bit)",
    for_windows: "Download for Windows (64-bit)",
    missing: "The temporary host for this system is not available from this server:",
    steps: "How it goes",
    step_get: "Download the temporary host for your system with the button above.",
    step_run: "Open it. Nothing needs to be set up.",
    step_run_linux: "On Linux, make it executable first, for instance in a terminal:",
    step_code: "Type the security code that the technician tells you by phone or chat.",
    step_allow: "Say what you allow. Seeing the screen and controlling it are two separate questions.",
    step_end: "Choose “End and remove” whenever you have had enough; nothing stays behind.",
    claimed: "The security code has already been entered on a computer. On that computer the temporary host can be started again; on another one this link no longer works.",
    unknown_title: "This link is not known",
    unknown: "The address may be incomplete: open the link exactly as it stands in the invitation.",
    used_title: "This link has been used",
    used: "The session is running on the computer where it was started. A link works once.",
    expired_title: "This link has expired",
    expired: "It was not used in time.",
    burned_title: "This link no longer works",
    burned: "The security code was entered wrongly too often, so the session was ended for your safety.",
    ended_title: "This session is over",
    ended: "Nobody has access to your computer through it any more.",
    ask_new: "If you still need help, ask your technician for a new link.",
};

const FR: Texts = Texts {
    code: "fr",
    own_name: "Français",
    languages: "Langue",
    title: "Assistance à distance",
    invites: "vous invite à une session d’assistance",
    not_confirmed: "Non confirmé : ce serveur n’a pas vérifié leur identité.",
    confirmed: "Société confirmée",
    only_if: "Ne continuez que si vous les connaissez et attendez leur aide. Personne de sérieux ne vous appelle à l’improviste au sujet d’un problème sur votre ordinateur.",
    what: "Ce qui peut être utilisé",
    what_note: "Vous décidez sur votre ordinateur de ce qui est permis, et pouvez le retirer à tout moment.",
    how_long: "Pendant combien de temps",
    lease_hours: "{n} heures à partir du moment où vous saisissez le code de sécurité",
    lease_minutes: "{n} minutes à partir du moment où vous saisissez le code de sécurité",
    lease_seconds: "{n} secondes à partir du moment où vous saisissez le code de sécurité",
    how_long_note: "Ensuite la session se termine d’elle-même et l’hôte temporaire se supprime. Vous pouvez y mettre fin plus tôt à tout moment.",
    valid_until: "Ce lien est valable jusqu’au {time}.",
    moment: "{day} {month} {year} à {time} UTC",
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    get: "Obtenir l’hôte temporaire",
    on_computer: "Un téléphone ou une tablette ne peut pas l’exécuter : ouvrez ce lien sur l’ordinateur qui a besoin d’aide.",
    for_linux: "Télécharger pour Linux (64 bits)",
    for_windows: "Télécharger pour Windows (64 bits)",
    missing: "L’hôte temporaire pour ce système n’est pas disponible sur ce serveur :",
    steps: "Comment cela se passe",
    step_get: "Téléchargez l’hôte temporaire pour votre système avec le bouton ci-dessus.",
    step_run: "Ouvrez-le. Il n’y a rien à configurer.",
    step_run_linux: "Sous Linux, rendez-le d’abord exécutable, par exemple dans un terminal :",
    step_code: "Saisissez le code de sécurité que le technicien vous communique par téléphone ou par messagerie.",
    step_allow: "Dites ce que vous autorisez. Voir l’écran et le contrôler sont deux questions séparées.",
    step_end: "Choisissez « Terminer et supprimer » dès que vous le souhaitez ; il ne reste rien.",
    claimed: "Le code de sécurité a déjà été saisi sur un ordinateur. Sur celui-ci l’hôte temporaire peut être relancé ; sur un autre, ce lien ne fonctionne plus.",
    unknown_title: "Ce lien est inconnu",
    unknown: "L’adresse est peut-être incomplète : ouvrez le lien exactement tel qu’il figure dans l’invitation.",
    used_title: "Ce lien a déjà servi",
    used: "La session est en cours sur l’ordinateur où elle a été démarrée. Un lien ne sert qu’une fois.",
    expired_title: "Ce lien a expiré",
    expired: "Il n’a pas été utilisé à temps.",
    burned_title: "Ce lien ne fonctionne plus",
    burned: "Le code de sécurité a été mal saisi trop souvent ; pour votre sécurité, la session a été arrêtée.",
    ended_title: "Cette session est terminée",
    ended: "Plus personne n’a accès à votre ordinateur par elle.",
    ask_new: "S’il vous faut encore de l’aide, demandez un nouveau lien à votre technicien.",
};

const ES: Texts = Texts {
    code: "es",
    own_name: "Español",
    languages: "Idioma",
    title: "Asistencia remota",
    invites: "le invita a una sesión de asistencia",
    not_confirmed: "No confirmado: este servidor no ha comprobado su identidad.",
    confirmed: "Empresa confirmada",
    only_if: "Continúe solo si los conoce y espera su ayuda. Nadie serio le llama sin previo aviso por un problema de su equipo.",
    what: "Qué se puede usar",
    what_note: "Usted decide en su equipo qué se permite y puede retirarlo en cualquier momento.",
    how_long: "Durante cuánto tiempo",
    lease_hours: "{n} horas desde el momento en que introduzca el código de seguridad",
    lease_minutes: "{n} minutos desde el momento en que introduzca el código de seguridad",
    lease_seconds: "{n} segundos desde el momento en que introduzca el código de seguridad",
    how_long_note: "Después la sesión finaliza por sí sola y el host temporal se elimina. Puede finalizarla antes en cualquier momento.",
    valid_until: "Este vínculo es válido hasta el {time}.",
    moment: "{day} de {month} de {year}, {time} UTC",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    get: "Obtener el host temporal",
    on_computer: "Un teléfono o una tableta no puede ejecutarlo: abra este vínculo en el equipo que necesita ayuda.",
    for_linux: "Descargar para Linux (64 bits)",
    for_windows: "Descargar para Windows (64 bits)",
    missing: "El host temporal para este sistema no está disponible en este servidor:",
    steps: "Cómo funciona",
    step_get: "Descargue el host temporal para su sistema con el botón de arriba.",
    step_run: "Ábralo. No hay que configurar nada.",
    step_run_linux: "En Linux, hágalo ejecutable primero, por ejemplo en una terminal:",
    step_code: "Escriba el código de seguridad que el técnico le dé por teléfono o chat.",
    step_allow: "Diga qué permite. Ver la pantalla y controlarla son dos preguntas distintas.",
    step_end: "Elija «Finalizar y eliminar» cuando lo desee; no queda nada.",
    claimed: "El código de seguridad ya se introdujo en un equipo. En ese equipo se puede volver a abrir el host temporal; en otro, este vínculo ya no funciona.",
    unknown_title: "Este vínculo no se conoce",
    unknown: "Puede que la dirección esté incompleta: abra el vínculo tal como aparece en la invitación.",
    used_title: "Este vínculo ya se ha usado",
    used: "La sesión está en curso en el equipo donde se inició. Un vínculo sirve una sola vez.",
    expired_title: "Este vínculo ha caducado",
    expired: "No se usó a tiempo.",
    burned_title: "Este vínculo ya no funciona",
    burned: "El código de seguridad se introdujo mal demasiadas veces; por su seguridad, la sesión se ha finalizado.",
    ended_title: "Esta sesión ha terminado",
    ended: "Nadie tiene ya acceso a su equipo a través de ella.",
    ask_new: "Si todavía necesita ayuda, pida un vínculo nuevo a su técnico.",
};

/// All, in the order of the switch.
pub(crate) const ALL: [&Texts; 3] = [&EN, &FR, &ES];

/// The texts of a language.
pub(crate) fn of(language: Language) -> &'static Texts {
    match language {
        Language::En => &EN,
        Language::Fr => &FR,
        Language::Es => &ES,
    }
}

impl Texts {
    /// Heading and sentence for a session that is over.
    pub(crate) fn over(&self, reason: EndReason) -> (&'static str, &'static str) {
        match reason {
            EndReason::LinkExpired => (self.expired_title, self.expired),
            EndReason::CodeBurned => (self.burned_title, self.burned),
            EndReason::Technician
            | EndReason::Customer
            | EndReason::LeaseExpired
            | EndReason::Licence
            | EndReason::Operator => (self.ended_title, self.ended),
        }
    }

    /// A moment for people, in UTC: the customer's own zone is not known without a script.
    pub(crate) fn at(&self, at: Millis) -> String {
        let at = i64::try_from(at).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        let Some(at) = at.map(|at| at.to_zoned(jiff::tz::TimeZone::UTC)) else { return String::new() };
        let month = usize::try_from(at.month()).ok().and_then(|month| self.months.get(month.saturating_sub(1)));
        self.moment
            .replace("{day}", &at.day().to_string())
            .replace("{month}", month.copied().unwrap_or_default())
            .replace("{year}", &at.year().to_string())
            .replace("{time}", &at.strftime("%H:%M").to_string())
    }

    /// How long the lease is.
    pub(crate) fn lease(&self, milliseconds: u64) -> String {
        let seconds = milliseconds / 1000;
        let (pattern, n) = if seconds >= 2 * 3600 && seconds.is_multiple_of(3600) {
            (self.lease_hours, seconds / 3600)
        } else if seconds >= 120 && seconds.is_multiple_of(60) {
            (self.lease_minutes, seconds / 60)
        } else {
            (self.lease_seconds, seconds)
        };
        pattern.replace("{n}", &n.to_string())
    }
}

/// `?lang=`, else the link's own language, else `Accept-Language`, else English.
pub(crate) fn choose_language(wanted: Option<&str>, link: Option<Language>, headers: &HeaderMap) -> Language {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    wanted.and_then(known).or(link).or_else(|| best(accepted)).unwrap_or_default()
}

fn known(tag: &str) -> Option<Language> {
    match tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "en" => Some(Language::En),
        "fr" => Some(Language::Fr),
        "es" => Some(Language::Es),
        _ => None,
    }
}

/// The known language with the highest weight; the first of equals.
fn best(accepted: &str) -> Option<Language> {
    let mut found: Option<(Language, f32)> = None;
    for part in accepted.split(',').take(32) {
        let mut pieces = part.split(';');
        let Some(language) = known(pieces.next().unwrap_or_default()) else { continue };
        let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
        let weight = weight.unwrap_or(0.0);
        if weight > found.map_or(0.0, |(_, best)| best) {
            found = Some((language, weight));
        }
    }
    found.map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_speaks_what_was_asked_for_then_the_link_then_the_browser() {
        let check = |wanted, link, accept: &str, expect| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
            assert_eq!(choose_language(wanted, link, &headers), expect, "{wanted:?} {link:?} {accept:?}");
        };
        check(Some("es"), Some(Language::Fr), "en", Language::Es);
        check(None, Some(Language::Fr), "en", Language::Fr);
        check(None, None, "de, es;q=0.5, fr;q=0.8", Language::Fr);
        check(None, None, "fr-CA,fr;q=0.9,en;q=0.1", Language::Fr);
        check(None, None, "de", Language::En);
        check(None, None, "es;q=nonsense", Language::En);
        check(Some("xx"), None, "es-MX", Language::Es);
    }

    #[test]
    fn a_moment_is_told_as_the_language_writes_it() {
        let at = 1_795_179_660_000;
        assert_eq!(EN.at(at), "20 November 2026, 13:01 UTC");
        assert_eq!(FR.at(at), "20 novembre 2026 à 13:01 UTC");
        assert_eq!(ES.at(at), "20 de noviembre de 2026, 13:01 UTC");
        assert_eq!(EN.at(0), "1 January 1970, 00:00 UTC");
        assert_eq!(EN.at(u64::MAX), "");
    }

    #[test]
    fn a_lease_is_told_in_the_largest_whole_unit() {
        assert!(EN.lease(86_400_000).starts_with("24 hours"));
        assert!(FR.lease(30_000).starts_with("30 secondes"));
        assert!(ES.lease(600_000).starts_with("10 minutos"));
        assert!(EN.lease(90_000).starts_with("90 seconds"));
    }
}
