//! Everything that the host says to the customer, in the three languages. A text that lacks a language does not compile.

use hospes_licence::interface::ConsentClass;
use hospes_session::model::{EndReason, Language};

macro_rules! texts {
    ($($name:ident { $en:literal, $fr:literal, $es:literal $(,)? })+) => {
        /// A text; `{name}` in it stands for a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Text { $($name),+ }

        impl Text {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),+];

            const fn table(self) -> [&'static str; 3] {
                match self { $(Self::$name => [$en, $fr, $es]),+ }
            }
        }
    };
}

texts! {
    Inviting {
        "{technician} of {company} would like to help you on this computer.",
        "{technician}, de {company}, souhaite vous aider sur cet ordinateur.",
        "{technician}, de {company}, desea ayudarle en este equipo.",
    }
    NotConfirmed {
        "NOT CONFIRMED: nobody has checked that this is really {company}. Go on only if you asked for this help.",
        "NON CONFIRMÉ : personne n'a vérifié qu'il s'agit bien de {company}. Ne continuez que si vous avez demandé cette aide.",
        "NO CONFIRMADO: nadie ha comprobado que se trate realmente de {company}. Continúe solo si ha pedido esta ayuda.",
    }
    Confirmed {
        "Company and domain were checked.",
        "La société et son domaine ont été vérifiés.",
        "La empresa y su dominio han sido comprobados.",
    }
    MayUse {
        "What may be used, if you allow it: {capabilities}.",
        "Ce qui pourra être utilisé, si vous l'autorisez : {capabilities}.",
        "Lo que se podrá usar, si usted lo permite: {capabilities}.",
    }
    Publishers {
        "Programs for it come from: {publishers}. None from anybody else can run.",
        "Les programmes proviennent de : {publishers}. Aucun autre ne peut s'exécuter.",
        "Los programas proceden de: {publishers}. Ningún otro puede ejecutarse.",
    }
    HowLong {
        "It ends by itself {hours} after you start, and you can end it at any time. Then nothing stays on this computer.",
        "Tout se termine {hours} après le début, et vous pouvez y mettre fin à tout moment. Rien ne reste ensuite sur cet ordinateur.",
        "Termina por sí solo {hours} después de empezar, y puede finalizarlo en cualquier momento. Después no queda nada en este equipo.",
    }
    LinkUntil {
        "This invitation can be used until {time}.",
        "Cette invitation peut être utilisée jusqu'à {time}.",
        "Esta invitación se puede usar hasta {time}.",
    }
    Hours { "{n} hours", "{n} heures", "{n} horas" }
    Minutes { "{n} minutes", "{n} minutes", "{n} minutos" }
    Seconds { "{n} seconds", "{n} secondes", "{n} segundos" }
    AskCode {
        "Security code (the technician tells you; empty to stop): ",
        "Code de sécurité (le technicien vous le donne ; vide pour arrêter) : ",
        "Código de seguridad (se lo dice el técnico; vacío para salir): ",
    }
    CodeShape {
        "A security code has six digits.",
        "Un code de sécurité a six chiffres.",
        "Un código de seguridad tiene seis dígitos.",
    }
    CodeWrong {
        "The code is wrong. Tries left: {tries}.",
        "Le code est faux. Essais restants : {tries}.",
        "El código es incorrecto. Intentos restantes: {tries}.",
    }
    CodeBurned {
        "The code was wrong too often: this invitation is over. Ask the technician for a new one.",
        "Trop de codes faux : cette invitation est terminée. Demandez-en une nouvelle au technicien.",
        "Demasiados códigos incorrectos: esta invitación ha terminado. Pida una nueva al técnico.",
    }
    Stopped {
        "Stopped. Nothing was installed.",
        "Arrêté. Rien n'a été installé.",
        "Detenido. No se ha instalado nada.",
    }
    NewPublisher {
        "{publisher} is not the maker of this program. May its programs run during this session? (y/n) ",
        "{publisher} n'est pas l'auteur de ce programme. Ses programmes peuvent-ils s'exécuter pendant cette session ? (o/n) ",
        "{publisher} no es el autor de este programa. ¿Pueden ejecutarse sus programas durante esta sesión? (s/n) ",
    }
    ConsentIntro {
        "What do you allow {technician}?  y = yes, for the session   a = ask me each time   n = no",
        "Qu'autorisez-vous à {technician} ?  o = oui, pour la session   d = me demander chaque fois   n = non",
        "¿Qué permite a {technician}?  s = sí, para la sesión   p = preguntarme cada vez   n = no",
    }
    ConsentQuestion {
        "{class}? (y/a/n) ",
        "{class} ? (o/d/n) ",
        "¿{class}? (s/p/n) ",
    }
    PleaseAnswer {
        "Please answer with one of the letters shown.",
        "Répondez par l'une des lettres indiquées.",
        "Responda con una de las letras indicadas.",
    }
    SeeScreen { "See the screen and the pointer", "Voir l'écran et le pointeur", "Ver la pantalla y el puntero" }
    Control { "Use mouse and keyboard", "Utiliser la souris et le clavier", "Usar el ratón y el teclado" }
    ReadFiles {
        "List and download files of the shared folders",
        "Lister et télécharger les fichiers des dossiers partagés",
        "Ver y descargar archivos de las carpetas compartidas",
    }
    WriteFiles {
        "Upload, rename and delete files of the shared folders",
        "Envoyer, renommer et supprimer des fichiers des dossiers partagés",
        "Subir, renombrar y eliminar archivos de las carpetas compartidas",
    }
    ReadSystem {
        "See figures, programs, services and logs of this computer",
        "Voir les mesures, programmes, services et journaux de cet ordinateur",
        "Ver datos, programas, servicios y registros de este equipo",
    }
    ControlSystem {
        "End programs and restart this computer",
        "Arrêter des programmes et redémarrer cet ordinateur",
        "Cerrar programas y reiniciar este equipo",
    }
    ReadClipboard { "Read what you copied", "Lire ce que vous avez copié", "Leer lo que usted ha copiado" }
    WriteClipboard {
        "Put something on your clipboard",
        "Placer quelque chose dans votre presse-papiers",
        "Poner algo en su portapapeles",
    }
    SharedFolders { "Shared folders: {folders}", "Dossiers partagés : {folders}", "Carpetas compartidas: {folders}" }
    Installing {
        "Set up until the end of the session, then removed:",
        "Installé jusqu'à la fin de la session, puis supprimé :",
        "Instalado hasta el final de la sesión, después eliminado:",
    }
    Help {
        "Type \"end\" (or \"e\") to end the session and remove everything; \"revoke CLASS\" or \"allow CLASS\" to change what is allowed ({classes}); \"status\" to see it.",
        "Tapez « fin » (ou « e ») pour mettre fin à la session et tout supprimer ; « retirer CLASSE » ou « autoriser CLASSE » pour changer ce qui est autorisé ({classes}) ; « état » pour le voir.",
        "Escriba «finalizar» (o «e») para finalizar la sesión y eliminar todo; «revocar CLASE» o «permitir CLASE» para cambiar lo permitido ({classes}); «estado» para verlo.",
    }
    UnknownCommand { "Not understood: {line}", "Non compris : {line}", "No entendido: {line}" }
    LiveActive {
        "[active until {time}] Nobody is connected.",
        "[active jusqu'à {time}] Personne n'est connecté.",
        "[activa hasta {time}] Nadie está conectado.",
    }
    LiveConnected {
        "[active until {time}] CONNECTED: {who}.",
        "[active jusqu'à {time}] CONNECTÉ : {who}.",
        "[activa hasta {time}] CONECTADO: {who}.",
    }
    LiveTrouble {
        "[active until {time}] Connection trouble: trying again. The session goes on.",
        "[active jusqu'à {time}] Problème de connexion : nouvelle tentative. La session continue.",
        "[activa hasta {time}] Problema de conexión: se vuelve a intentar. La sesión continúa.",
    }
    With { "{technician} with {capability}", "{technician} avec {capability}", "{technician} con {capability}" }
    AskNow {
        "{technician} wants to: {class}. Allow it now? (y/n, 60 seconds) ",
        "{technician} demande : {class}. L'autoriser maintenant ? (o/n, 60 secondes) ",
        "{technician} solicita: {class}. ¿Permitirlo ahora? (s/n, 60 segundos) ",
    }
    NoAnswer { "No answer: not allowed.", "Pas de réponse : refusé.", "Sin respuesta: no permitido." }
    ClassGranted { "{class}: yes", "{class} : oui", "{class}: sí" }
    ClassAsk { "{class}: ask each time", "{class} : demander chaque fois", "{class}: preguntar cada vez" }
    ClassDenied { "{class}: no", "{class} : non", "{class}: no permitido" }
    EndedByTechnician {
        "The technician has ended the session.",
        "Le technicien a mis fin à la session.",
        "El técnico ha finalizado la sesión.",
    }
    EndedByCustomer { "You have ended the session.", "Vous avez mis fin à la session.", "Usted ha finalizado la sesión." }
    EndedByLease {
        "The time of the session is over.",
        "La durée de la session est écoulée.",
        "El tiempo de la sesión ha terminado.",
    }
    EndedByLink {
        "The invitation was not used in time and is over.",
        "L'invitation n'a pas été utilisée à temps ; elle est terminée.",
        "La invitación no se usó a tiempo y ha terminado.",
    }
    EndedByLicence {
        "The session has ended: the company's licence no longer covers it.",
        "La session est terminée : la licence de la société ne la couvre plus.",
        "La sesión ha finalizado: la licencia de la empresa ya no la cubre.",
    }
    EndedByOperator {
        "The operator of the service has ended the session.",
        "L'exploitant du service a mis fin à la session.",
        "El operador del servicio ha finalizado la sesión.",
    }
    Gone {
        "Everything was removed from this computer.",
        "Tout a été supprimé de cet ordinateur.",
        "Todo se ha eliminado de este equipo.",
    }
    ShuttingDown {
        "Stopped, but the session goes on: it comes back at the next log-in. To end it: hospes-agent end",
        "Arrêté, mais la session continue : elle revient à la prochaine ouverture de session. Pour y mettre fin : hospes-agent end",
        "Detenido, pero la sesión continúa: vuelve en el próximo inicio de sesión. Para finalizarla: hospes-agent end",
    }
    AlreadyHosting {
        "This computer already runs a support session, so it cannot join another one. End that one first (hospes-agent end).",
        "Cet ordinateur est déjà en session d'assistance et ne peut en rejoindre une autre. Mettez d'abord fin à celle-ci (hospes-agent end).",
        "Este equipo ya está en una sesión de asistencia y no puede unirse a otra. Finalícela primero (hospes-agent end).",
    }
    Activated {
        "The session is active until {time}.",
        "La session est active jusqu'à {time}.",
        "La sesión está activa hasta {time}.",
    }
    NoAutostart {
        "After a restart the session will not come back by itself: {why}",
        "Après un redémarrage, la session ne reviendra pas d'elle-même : {why}",
        "Tras un reinicio, la sesión no volverá por sí sola: {why}",
    }
    Unavailable {
        "Remote control is not possible on this computer now ({what}).",
        "Le contrôle à distance n'est pas possible sur cet ordinateur pour le moment ({what}).",
        "El control remoto no es posible en este equipo ahora ({what}).",
    }
    WrongKey {
        "Stopped: the server's key is not the one in the link. Somebody else may be answering; ask for a new link.",
        "Arrêté : la clé du serveur n'est pas celle du lien. Quelqu'un d'autre répond peut-être ; demandez un nouveau lien.",
        "Detenido: la clave del servidor no es la del vínculo. Puede que responda otra persona; pida un vínculo nuevo.",
    }
    NoServer {
        "The server cannot be reached ({why}). Check the connection and try again.",
        "Le serveur est injoignable ({why}). Vérifiez la connexion et réessayez.",
        "No se puede contactar con el servidor ({why}). Compruebe la conexión e inténtelo de nuevo.",
    }
    ProxyWantsPassword {
        "The proxy {proxy} of this network wants a name and password. Ask whoever looks after the network, then start again with --proxy http://NAME:PASSWORD@HOST:PORT",
        "Le proxy {proxy} de ce réseau demande un nom et un mot de passe. Demandez-les au responsable du réseau, puis recommencez avec --proxy http://NOM:MOTDEPASSE@HÔTE:PORT",
        "El proxy {proxy} de esta red pide un nombre y una contraseña. Pídalos al responsable de la red y vuelva a empezar con --proxy http://NOMBRE:CONTRASEÑA@EQUIPO:PUERTO",
    }
    ProxyRefuses {
        "The proxy {proxy} of this network does not allow the connection (status {status}). Ask whoever looks after the network to allow it.",
        "Le proxy {proxy} de ce réseau n'autorise pas la connexion (statut {status}). Demandez au responsable du réseau de l'autoriser.",
        "El proxy {proxy} de esta red no permite la conexión (estado {status}). Pida al responsable de la red que la permita.",
    }
    ProxyUnusable {
        "The proxy {proxy} cannot be used ({why}). Check the network's settings, or name another one with --proxy.",
        "Le proxy {proxy} est inutilisable ({why}). Vérifiez les réglages du réseau, ou indiquez-en un autre avec --proxy.",
        "No se puede usar el proxy {proxy} ({why}). Compruebe la configuración de la red o indique otro con --proxy.",
    }
    CertificateRefused {
        "This computer does not trust the certificate of {host} ({why}). If it is of your company's own authority, name its file with --ca.",
        "Cet ordinateur ne fait pas confiance au certificat de {host} ({why}). S'il vient de l'autorité de votre société, indiquez son fichier avec --ca.",
        "Este equipo no confía en el certificado de {host} ({why}). Si es de la autoridad de su empresa, indique su archivo con --ca.",
    }
    LinkUsed {
        "This link has been used on another computer. Ask the technician for a new one.",
        "Ce lien a été utilisé sur un autre ordinateur. Demandez-en un nouveau au technicien.",
        "Este vínculo se ha usado en otro equipo. Pida uno nuevo al técnico.",
    }
    LinkUnknown {
        "This link is not known. Copy the whole link from the invitation.",
        "Ce lien est inconnu. Copiez le lien entier depuis l'invitation.",
        "Este vínculo no se conoce. Copie el vínculo completo de la invitación.",
    }
    TooManyTries {
        "Too many wrong codes came from this network. Wait a minute and try again.",
        "Trop de codes faux sont venus de ce réseau. Attendez une minute et réessayez.",
        "Han llegado demasiados códigos incorrectos desde esta red. Espere un minuto e inténtelo de nuevo.",
    }
    NoTerminal {
        "There is no terminal to ask you in. Open a terminal window and run there: {command}",
        "Il n'y a pas de terminal où vous poser les questions. Ouvrez une fenêtre de terminal et exécutez-y : {command}",
        "No hay ningún terminal donde preguntarle. Abra una ventana de terminal y ejecute en ella: {command}",
    }
    CloseWindow {
        "Press Enter to close this window. ",
        "Appuyez sur Entrée pour fermer cette fenêtre. ",
        "Pulse Intro para cerrar esta ventana. ",
    }
    StoppedGoesOn { "Stopped. The same command goes on.", "Arrêté. La même commande reprendra.", "Detenido. La misma orden continuará." }
    SetUpCut {
        "The set-up was cut before the code was right. Join again.",
        "L'installation a été interrompue avant que le code soit juste. Recommencez.",
        "La instalación se interrumpió antes de que el código fuera correcto. Empiece de nuevo.",
    }
    AlreadyRuns { "This host already runs.", "Cet hôte fonctionne déjà.", "Este host ya está en marcha." }
    NoSession {
        "There is no session on this computer.",
        "Il n'y a pas de session sur cet ordinateur.",
        "No hay ninguna sesión en este equipo.",
    }
    ForeignSession {
        "The session on this computer belongs to another account. Ask its user, or root.",
        "La session sur cet ordinateur appartient à un autre compte. Adressez-vous à son utilisateur, ou à root.",
        "La sesión de este equipo pertenece a otra cuenta. Acuda a su usuario, o a root.",
    }
    NoStatus {
        "The host that runs gave no answer: it is ending.",
        "L'hôte en marche n'a pas répondu : il se termine.",
        "El host en marcha no respondió: está terminando.",
    }
    NotDone {
        "The host stopped before it was done. Run: hospes-agent uninstall",
        "L'hôte s'est arrêté avant d'avoir fini. Exécutez : hospes-agent uninstall",
        "El host se detuvo antes de acabar. Ejecute: hospes-agent uninstall",
    }
}

impl Text {
    /// The text in one language.
    pub(crate) const fn get(self, language: Language) -> &'static str {
        let [en, fr, es] = self.table();
        match language {
            Language::En => en,
            Language::Fr => fr,
            Language::Es => es,
        }
    }

    /// The text with its values. Values come from the network: control characters (which could drive the terminal) are
    /// taken out, and a value is never looked at for further `{name}`s.
    pub(crate) fn fill(self, language: Language, values: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let mut rest = self.get(language);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            if let Some((_, value)) = values.iter().find(|(key, _)| *key == name) {
                out.push_str(&printable(value));
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// One line of at most 200 characters that cannot drive the terminal.
pub(crate) fn printable(text: &str) -> String {
    harmless(text).chars().take(200).collect()
}

/// One line without control characters or marks that turn the writing direction.
pub(crate) fn harmless(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// The sentence for a class of consent.
pub(crate) const fn class(class: ConsentClass) -> Text {
    match class {
        ConsentClass::SeeScreen => Text::SeeScreen,
        ConsentClass::Control => Text::Control,
        ConsentClass::ReadClipboard => Text::ReadClipboard,
        ConsentClass::WriteClipboard => Text::WriteClipboard,
        ConsentClass::ReadFiles => Text::ReadFiles,
        ConsentClass::WriteFiles => Text::WriteFiles,
        ConsentClass::ReadSystem => Text::ReadSystem,
        ConsentClass::ControlSystem => Text::ControlSystem,
    }
}

/// The sentence for the reason of an end.
pub(crate) const fn ended(reason: EndReason) -> Text {
    match reason {
        EndReason::Technician => Text::EndedByTechnician,
        EndReason::Customer => Text::EndedByCustomer,
        EndReason::LeaseExpired => Text::EndedByLease,
        EndReason::LinkExpired => Text::EndedByLink,
        EndReason::CodeBurned => Text::CodeBurned,
        EndReason::Licence => Text::EndedByLicence,
        EndReason::Operator => Text::EndedByOperator,
    }
}

/// The language of the customer's environment, until the invitation says another.
pub(crate) fn of_environment() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    match set.as_deref().and_then(|value| value.get(..2)) {
        Some("fr") => Language::Fr,
        Some("es") => Language::Es,
        _ => Language::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_values() {
        for text in Text::ALL {
            let [en, fr, es] = text.table();
            assert!(!en.is_empty() && !fr.is_empty() && !es.is_empty(), "{text:?}");
            assert_eq!(names(en), names(fr), "{text:?}");
            assert_eq!(names(en), names(es), "{text:?}");
            // A question ends where the answer is typed.
            assert_eq!((en.ends_with(' '), en.ends_with(' ')), (fr.ends_with(' '), es.ends_with(' ')), "{text:?}");
            assert!(en != fr && en != es || matches!(text, Text::Minutes), "{text:?} is not translated");
        }
    }

    #[test]
    fn values_from_the_network_cannot_drive_the_terminal_or_pull_in_other_values() {
        let text =
            Text::Inviting.fill(Language::En, &[("technician", "\u{1b}[2J{company}\n\u{202e}x"), ("company", "Acme")]);
        assert_eq!(text, "\u{fffd}[2J{company}\u{fffd}\u{fffd}x of Acme would like to help you on this computer.");
    }
}
