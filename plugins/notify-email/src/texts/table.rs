//! The rows: key, English, French, Spanish. The terms are those of the console and the host.

super::texts! {
    // dates and durations
    months: "January February March April May June July August September October November December",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre";
    date: "{day} {month} {year}, {hour}:{minute} UTC",
        "{day} {month} {year} à {hour}\u{a0}h\u{a0}{minute} UTC",
        "{day} de {month} de {year}, {hour}:{minute} UTC";
    first_day: "1", "1er", "1";
    second: "1 second", "1 seconde", "1 segundo";
    seconds: "{n} seconds", "{n} secondes", "{n} segundos";
    minute: "1 minute", "1 minute", "1 minuto";
    minutes: "{n} minutes", "{n} minutes", "{n} minutos";
    hour: "1 hour", "1 heure", "1 hora";
    hours: "{n} hours", "{n} heures", "{n} horas";
    day: "1 day", "1 jour", "1 día";
    days: "{n} days", "{n} jours", "{n} días";

    // everywhere
    code: "en", "fr", "es";
    hello: "Hello,", "Bonjour,", "Hola:";
    hello_name: "Hello {name},", "Bonjour {name},", "Hola, {name}:";
    footer: "Sent by {server} for {company}. Nobody reads answers to this message.",
        "Envoyé par {server} pour {company}. Personne ne lit les réponses à ce message.",
        "Enviado por {server} para {company}. Nadie lee las respuestas a este mensaje.";
    footer_session: "Support session {session}", "Session d’assistance {session}", "Sesión de asistencia {session}";
    label: "{name}: {value}", "{name}\u{a0}: {value}", "{name}: {value}";
    until: "{duration}, until {time}", "{duration}, jusqu’au {time}", "{duration}, hasta el {time}";
    company: "Company", "Société", "Empresa";
    technician: "Technician", "Technicien", "Técnico";
    customer: "Customer", "Client", "Cliente";
    computer: "Computer", "Ordinateur", "Equipo";
    a_computer: "the computer", "l’ordinateur", "el equipo";
    capabilities: "What may be used", "Ce qui peut être utilisé", "Qué se puede usar";
    remote_control: "Remote control", "Contrôle à distance", "Control remoto";
    file_manager: "File manager", "Gestionnaire de fichiers", "Gestor de archivos";
    dashboard: "Dashboard", "Tableau de bord", "Panel de información";

    // the invitation
    invite_subject: "{technician} ({company}) invites you to a support session",
        "{technician} ({company}) vous invite à une session d’assistance",
        "{technician} ({company}) le invita a una sesión de asistencia";
    invite_text: "{technician} of {company} wants to help you on your computer, over the internet.",
        "{technician}, de {company}, souhaite vous aider sur votre ordinateur, par internet.",
        "{technician}, de {company}, quiere ayudarle en su equipo a través de internet.";
    invite_link_text: "This is the deployment link. It leads to a page that says what will happen, and gives you the temporary host, a program for this one session:",
        "Voici le lien de déploiement. Il mène à une page qui dit ce qui va se passer et vous donne l’hôte temporaire, un programme pour cette seule session :",
        "Este es el vínculo de implementación. Lleva a una página que dice qué va a pasar y le da el host temporal, un programa solo para esta sesión:";
    invite_button: "Open the invitation", "Ouvrir l’invitation", "Abrir la invitación";
    invite_link_lives: "The link works for", "Le lien fonctionne pendant", "El vínculo funciona durante";
    invite_decide: "You decide on your computer what is allowed, and can end the session at any moment with “End and remove”. When it ends, the temporary host removes itself.",
        "Vous décidez sur votre ordinateur de ce qui est permis et pouvez mettre fin à la session à tout moment avec « Terminer et supprimer ». À la fin, l’hôte temporaire se supprime de lui-même.",
        "Usted decide en su equipo qué se permite y puede finalizar la sesión en cualquier momento con «Finalizar y eliminar». Al terminar, el host temporal se elimina por sí solo.";
    invite_code_heading: "The security code", "Le code de sécurité", "El código de seguridad";
    invite_code: "{technician} tells you the security code by phone or chat. It never comes by e-mail. Do not mail it to anybody, and type it nowhere but into the temporary host.",
        "{technician} vous communique le code de sécurité par téléphone ou par messagerie instantanée. Il n’arrive jamais par e-mail. Ne l’envoyez par e-mail à personne et ne le saisissez que dans l’hôte temporaire.",
        "{technician} le dirá el código de seguridad por teléfono o chat. Nunca llega por correo electrónico. No se lo envíe por correo a nadie y escríbalo solo en el host temporal.";
    invite_unexpected_heading: "You did not expect this?", "Vous ne vous y attendiez pas ?", "¿No esperaba esto?";
    invite_unexpected: "Then do not open the link, and delete this message: without you nothing happens, and the link stops working by itself. Nobody serious calls you out of the blue about a problem with your computer.",
        "Alors n’ouvrez pas le lien et supprimez ce message : sans vous, rien ne se passe, et le lien cesse de fonctionner de lui-même. Personne de sérieux ne vous appelle à l’improviste au sujet d’un problème sur votre ordinateur.",
        "Entonces no abra el vínculo y borre este mensaje: sin usted no pasa nada y el vínculo deja de funcionar por sí solo. Nadie serio le llama sin previo aviso por un problema de su equipo.";
    prepared_subject: "Support session prepared for {customer}",
        "Session d’assistance préparée pour {customer}",
        "Sesión de asistencia preparada para {customer}";
    prepared_text: "{technician} prepared a support session for {customer}. It becomes active when the customer has started the temporary host and typed the security code.",
        "{technician} a préparé une session d’assistance pour {customer}. Elle devient active quand le client a lancé l’hôte temporaire et saisi le code de sécurité.",
        "{technician} ha preparado una sesión de asistencia para {customer}. Se activa cuando el cliente ha abierto el host temporal y escrito el código de seguridad.";

    // while it is active
    activated_subject: "Support session with {customer} is active",
        "La session d’assistance avec {customer} est active",
        "La sesión de asistencia con {customer} está activa";
    activated_text: "The security code was right and the temporary host is set up. {technician} can connect as often as needed until the session ends.",
        "Le code de sécurité était juste et l’hôte temporaire est en place. {technician} peut se connecter aussi souvent que nécessaire jusqu’à la fin de la session.",
        "El código de seguridad era correcto y el host temporal está listo. {technician} puede conectarse tantas veces como haga falta hasta que termine la sesión.";
    customer_activated_subject: "Your support session with {company} is active",
        "Votre session d’assistance avec {company} est active",
        "Su sesión de asistencia con {company} está activa";
    customer_activated_text: "The temporary host runs on your computer. {technician} of {company} can connect until the session ends, within what you allowed. You can end it at any moment with “End and remove” in its window.",
        "L’hôte temporaire fonctionne sur votre ordinateur. {technician}, de {company}, peut se connecter jusqu’à la fin de la session, dans la limite de ce que vous avez permis. Vous pouvez y mettre fin à tout moment avec « Terminer et supprimer » dans sa fenêtre.",
        "El host temporal está en marcha en su equipo. {technician}, de {company}, puede conectarse hasta que termine la sesión, dentro de lo que usted permitió. Puede finalizarla en cualquier momento con «Finalizar y eliminar» en su ventana.";
    lease: "The session lasts", "La session dure", "La sesión dura";
    offline_subject: "Offline: {computer} of {customer}", "Hors ligne : {computer} de {customer}", "Sin conexión: {computer} de {customer}";
    offline_text: "The computer is offline or restarting. The session stays active; the temporary host comes back by itself.",
        "L’ordinateur est hors ligne ou redémarre. La session reste active ; l’hôte temporaire revient de lui-même.",
        "El equipo está sin conexión o reiniciándose. La sesión sigue activa; el host temporal vuelve por sí solo.";
    online_subject: "Online again: {computer} of {customer}", "De nouveau en ligne : {computer} de {customer}", "De nuevo en línea: {computer} de {customer}";
    online_text: "The computer is online again. The session is active, and the technician can connect.",
        "L’ordinateur est de nouveau en ligne. La session est active et le technicien peut se connecter.",
        "El equipo está de nuevo en línea. La sesión está activa y el técnico puede conectarse.";
    since: "Since", "Depuis le", "Desde el";
    ending_subject: "Support session with {customer} ends in {duration}",
        "La session d’assistance avec {customer} se termine dans {duration}",
        "La sesión de asistencia con {customer} termina en {duration}";
    customer_ending_subject: "Your support session with {company} ends in {duration}",
        "Votre session d’assistance avec {company} se termine dans {duration}",
        "Su sesión de asistencia con {company} termina en {duration}";
    ending_text: "At its end the session ends by itself and the temporary host removes itself. It cannot be extended or reopened; for more help a new session is prepared.",
        "À l’échéance, la session se termine d’elle-même et l’hôte temporaire se supprime. Elle ne peut être ni prolongée ni rouverte ; pour continuer, une nouvelle session est préparée.",
        "Al llegar su hora, la sesión termina por sí sola y el host temporal se elimina. No se puede prolongar ni reabrir; para seguir ayudando se prepara una sesión nueva.";
    ends: "Time left", "Temps restant", "Tiempo restante";

    // its end
    ended_subject: "Support session with {customer} has ended",
        "La session d’assistance avec {customer} est terminée",
        "La sesión de asistencia con {customer} ha terminado";
    customer_ended_subject: "Your support session with {company} has ended",
        "Votre session d’assistance avec {company} est terminée",
        "Su sesión de asistencia con {company} ha terminado";
    ended_text: "Nobody has access to the computer through this session any more. It cannot be reopened.",
        "Plus personne n’a accès à l’ordinateur par cette session. Elle ne peut pas être rouverte.",
        "Nadie tiene ya acceso al equipo a través de esta sesión. No se puede reabrir.";
    ended_unused_text: "The session never became active: nobody connected to a computer.",
        "La session n’est jamais devenue active : personne ne s’est connecté à un ordinateur.",
        "La sesión nunca llegó a activarse: nadie se conectó a ningún equipo.";
    ended_ask_new: "If you still need help, ask your technician for a new link.",
        "S’il vous faut encore de l’aide, demandez un nouveau lien à votre technicien.",
        "Si todavía necesita ayuda, pida un vínculo nuevo a su técnico.";
    ended_at: "Ended", "Fin", "Fin";
    reason: "Reason", "Motif", "Motivo";
    by_technician: "Ended by the technician", "Le technicien y a mis fin", "La finalizó el técnico";
    by_customer: "Ended by the customer", "Le client y a mis fin", "La finalizó el cliente";
    lease_over: "Its time was over", "Sa durée était écoulée", "Se acabó su tiempo";
    link_expired: "The link was not used in time", "Le lien n’a pas été utilisé à temps", "El vínculo no se usó a tiempo";
    code_burned: "The security code was entered wrongly five times",
        "Le code de sécurité a été mal saisi cinq fois",
        "El código de seguridad se introdujo mal cinco veces";
    licence_changed: "The company’s licence no longer covers it",
        "L’abonnement de la société ne la couvre plus",
        "El plan de la empresa ya no la cubre";
    by_operator: "Ended by the operator of the server", "L’exploitant du serveur y a mis fin", "La finalizó el operador del servidor";
    for_other_reasons: "Other", "Autre", "Otro";
    active_for: "Was active for", "Active pendant", "Activa durante";
    removal: "Temporary host", "Hôte temporaire", "Host temporal";
    removal_done: "Removed", "Supprimé", "Eliminado";
    removal_pending: "Is told to remove itself as soon as the computer is online",
        "Se supprimera dès que l’ordinateur sera en ligne",
        "Se eliminará en cuanto el equipo esté en línea";
    removal_unreachable: "Out of reach; it removes itself on the computer",
        "Injoignable ; il se supprime de lui-même sur l’ordinateur",
        "Fuera de alcance; se elimina por sí solo en el equipo";
    connections: "Connections", "Connexions", "Conexiones";
    no_connections: "Nobody connected.", "Personne ne s’est connecté.", "Nadie se conectó.";
    more_connections: "And {n} more.", "Et {n} de plus.", "Y {n} más.";
    head_capability: "What", "Quoi", "Qué";
    head_technician: "Who", "Qui", "Quién";
    head_when: "When", "Quand", "Cuándo";
    lasted: "{time} ({duration})", "{time} ({duration})", "{time} ({duration})";

    // the test
    test_subject: "Test message of {company}", "Message de test de {company}", "Mensaje de prueba de {company}";
    test_text: "This is a test. The server can send e-mail for {company}; messages of support sessions arrive like this one.",
        "Ceci est un test. Le serveur peut envoyer des e-mails pour {company} ; les messages des sessions d’assistance arrivent comme celui-ci.",
        "Esto es una prueba. El servidor puede enviar correo electrónico para {company}; los mensajes de las sesiones de asistencia llegan como este.";

    // what is wrong with a channel's settings
    config_not_object: "Expected an object with the field recipients.", "Attendu : un objet avec le champ recipients.", "Se esperaba un objeto con el campo recipients.";
    config_unknown: "This setting does not exist.", "Ce réglage n’existe pas.", "Este ajuste no existe.";
    config_recipients: "Choose 1 to 20 recipients.", "Choisissez de 1 à 20 destinataires.", "Elija de 1 a 20 destinatarios.";
    config_recipient: "“{value}” is neither the customer, nor the technician, nor an e-mail address.",
        "« {value} » n’est ni le client, ni le technicien, ni une adresse e-mail.",
        "«{value}» no es ni el cliente, ni el técnico, ni una dirección de correo electrónico.";
    config_twice: "“{value}” is there twice.", "« {value} » figure deux fois.", "«{value}» está dos veces.";
}
