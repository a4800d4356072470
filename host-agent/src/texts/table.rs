//! The table: each text in English, French and Spanish. Reasons that stand inside another sentence begin small.

macro_rules! texts {
    ($($name:ident { $en:literal, $fr:literal, $es:literal $(,)? })+) => {
        /// A text; `{name}` in it stands for a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Text { $($name),+ }

        impl Text {
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name),+];

            pub(super) const fn table(self) -> [&'static str; 3] {
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
    Because { "{what}: {why}", "{what} : {why}", "{what}: {why}" }
    WhyNoAddress {
        "the address of {host} cannot be found",
        "l'adresse de {host} est introuvable",
        "no se encuentra la dirección de {host}",
    }
    WhyNoAnswer {
        "{host} does not answer on port {port}",
        "{host} ne répond pas sur le port {port}",
        "{host} no responde en el puerto {port}",
    }
    WhyRefused {
        "{host} cannot be reached on port {port}",
        "{host} est injoignable sur le port {port}",
        "no se puede contactar con {host} en el puerto {port}",
    }
    WhyNeither {
        "by UDP: {udp}; by WebSocket: {websocket}",
        "par UDP : {udp} ; par WebSocket : {websocket}",
        "por UDP: {udp}; por WebSocket: {websocket}",
    }
    WhyCut { "the connection was cut", "la connexion a été coupée", "la conexión se cortó" }
    WhySilent {
        "the server did not answer in time",
        "le serveur n'a pas répondu à temps",
        "el servidor no respondió a tiempo",
    }
    WhyRestarted { "the server was restarted", "le serveur a redémarré", "el servidor se reinició" }
    WhyNotHospes {
        "what answers at that address is not a Hospes server of this version",
        "ce qui répond à cette adresse n'est pas un serveur Hospes de cette version",
        "lo que responde en esa dirección no es un servidor Hospes de esta versión",
    }
    WhyServerSays { "the server says", "le serveur indique", "el servidor indica" }
    ThisComputer {
        "This computer could not do it",
        "Cet ordinateur n'a pas pu le faire",
        "Este equipo no pudo hacerlo",
    }
    OtherHost {
        "The session belongs to a host on another computer. Ask the technician for a new link.",
        "La session appartient à un hôte sur un autre ordinateur. Demandez un nouveau lien au technicien.",
        "La sesión pertenece a un host en otro equipo. Pida un vínculo nuevo al técnico.",
    }
    NotNow {
        "That cannot be done at this moment. Start again; if it stays so, ask the technician for a new link.",
        "Ce n'est pas possible en ce moment. Recommencez ; si cela persiste, demandez un nouveau lien au technicien.",
        "No es posible en este momento. Empiece de nuevo; si continúa, pida un vínculo nuevo al técnico.",
    }
    NoDisplay {
        "there is no desktop here (no X display), or the host was started outside it",
        "il n'y a pas de bureau ici (pas d'affichage X), ou l'hôte a été démarré hors de lui",
        "aquí no hay escritorio (ninguna pantalla X), o el host se inició fuera de él",
    }
}
