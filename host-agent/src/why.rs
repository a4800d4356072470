//! Why the server cannot be reached, as the end of a sentence in the customer's language. What only an expert can use
//! (the system's or a library's own words) stays as it came.

use crate::dialogue::Dialogue;
use crate::line::LineError;
use crate::texts::Text;
use hospes_transport::TransportError;

/// Of a conversation.
pub(crate) fn line(dialogue: &Dialogue, error: &LineError) -> String {
    match error {
        LineError::Transport(error) => transport(dialogue, error),
        LineError::Silent => dialogue.text(Text::WhySilent, &[]),
        LineError::Closed => dialogue.text(Text::WhyCut, &[]),
        LineError::Message(_) | LineError::Unexpected(_) => dialogue.text(Text::WhyNotHospes, &[]),
        LineError::Refused(_) => error.to_string(),
    }
}

fn transport(dialogue: &Dialogue, error: &TransportError) -> String {
    let at = |text, host: &str, port: u16| dialogue.text(text, &[("host", host), ("port", &port.to_string())]);
    match error {
        TransportError::Resolve { host, .. } => dialogue.text(Text::WhyNoAddress, &[("host", host)]),
        TransportError::NoAnswer { host, port, .. } => at(Text::WhyNoAnswer, host, *port),
        TransportError::Unreachable { host, port, .. } => at(Text::WhyRefused, host, *port),
        TransportError::NoWay { udp, websocket } => {
            let (udp, websocket) = (transport(dialogue, udp), transport(dialogue, websocket));
            dialogue.text(Text::WhyNeither, &[("udp", &udp), ("websocket", &websocket)])
        }
        TransportError::Silent => dialogue.text(Text::WhySilent, &[]),
        TransportError::Cut
        | TransportError::Closed(_)
        | TransportError::StreamReset(_)
        | TransportError::Truncated => dialogue.text(Text::WhyCut, &[]),
        TransportError::Restarted => dialogue.text(Text::WhyRestarted, &[]),
        TransportError::Protocol(_) | TransportError::WebSocket { .. } => dialogue.text(Text::WhyNotHospes, &[]),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hospes_session::model::Language;
    use std::time::Duration;

    #[test]
    fn a_customer_reads_in_their_language_why_the_server_is_out_of_reach() {
        let (dialogue, _commands) = Dialogue::start(true, Language::En);
        let host = || "support.example".to_owned();
        let silent = TransportError::NoAnswer { host: host(), port: 443, within: Duration::from_secs(5) };
        let unknown = TransportError::Resolve { host: host(), reason: "Name or service not known".to_owned() };
        let neither = TransportError::NoWay { udp: Box::new(silent), websocket: Box::new(unknown) };
        let cases = [
            (LineError::Closed, "la connexion a été coupée"),
            (LineError::Silent, "le serveur n'a pas répondu à temps"),
            (LineError::Transport(TransportError::Restarted), "le serveur a redémarré"),
            (
                LineError::Transport(neither),
                "par UDP : support.example ne répond pas sur le port 443 ; par WebSocket : l'adresse de support.example est \
                 introuvable",
            ),
        ];
        dialogue.speak(Language::Fr);
        for (error, expect) in cases {
            assert_eq!(line(&dialogue, &error), expect);
        }
    }
}
