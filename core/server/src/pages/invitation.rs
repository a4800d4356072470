//! The page behind the deployment link (R3), in each of its states.

use crate::pages::texts::{self, Texts};
use maud::{DOCTYPE, Markup, html};

/// Where the style sheet is.
pub(crate) const STYLE_PATH: &str = "/s/page.css";
/// The style sheet.
pub(crate) const STYLE: &str = include_str!("page.css");

/// One system's download.
pub(crate) struct Download {
    /// Path of the file; none when this server does not have it.
    pub(crate) href: Option<String>,
    /// The button's text.
    pub(crate) label: &'static str,
    /// The system's name.
    pub(crate) system: &'static str,
}

/// What an open invitation says.
pub(crate) struct Invited<'a> {
    pub(crate) company: &'a str,
    pub(crate) technician: &'a str,
    pub(crate) confirmed: bool,
    /// Titles in the page's language.
    pub(crate) capabilities: Vec<String>,
    /// Milliseconds.
    pub(crate) lease: u64,
    /// For people, with the zone.
    pub(crate) valid_until: String,
    pub(crate) downloads: Vec<Download>,
    /// Name of the Linux file, for the command that starts it.
    pub(crate) linux_file: &'a str,
    /// The code was right on some computer already.
    pub(crate) claimed: bool,
}

/// The page of an open invitation.
pub(crate) fn invited(t: &Texts, page: &Invited<'_>) -> Markup {
    frame(
        t,
        t.title,
        html! {
            h1 { (page.company) " " span.light { (t.invites) } }
            p.who {
                strong { (page.technician) } " · " (page.company) br;
                @if page.confirmed { span.good { (t.confirmed) } } @else { span.warn { (t.not_confirmed) } }
            }
            p.caution role="note" { (t.only_if) }
            @if page.claimed { p.caution role="note" { (t.claimed) } }
            section aria-labelledby="what" {
                h2 #what { (t.what) }
                ul { @for title in &page.capabilities { li { (title) } } }
                p.light { (t.what_note) }
            }
            section aria-labelledby="long" {
                h2 #long { (t.how_long) }
                p { (t.lease(page.lease)) "." }
                p.light { (t.how_long_note) }
                p.light { (t.valid_until.replace("{time}", &page.valid_until)) }
            }
            section aria-labelledby="get" {
                h2 #get { (t.get) }
                @for download in &page.downloads {
                    @if let Some(href) = &download.href { p { a.button href=(href) download { (download.label) } } }
                }
                @for download in page.downloads.iter().filter(|download| download.href.is_none()) {
                    p.light { (t.missing) " " (download.system) "." }
                }
                p.phone.light { (t.on_computer) }
            }
            section aria-labelledby="steps" {
                h2 #steps { (t.steps) }
                ol {
                    li { (t.step_get) }
                    li { (t.step_run) " " span.light { (t.step_run_linux) br; code { "chmod +x " (page.linux_file) " && ./" (page.linux_file) } } }
                    li { (t.step_code) }
                    li { (t.step_allow) }
                    li { (t.step_end) }
                }
            }
        },
    )
}

/// The page of a link that leads nowhere (any more).
pub(crate) fn over(t: &Texts, title: &str, what: &str) -> Markup {
    frame(
        t,
        title,
        html! {
            h1 { (title) }
            p { (what) }
            p.light { (t.ask_new) }
        },
    )
}

fn frame(t: &Texts, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(t.code) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                title { (title) }
                link rel="stylesheet" href=(STYLE_PATH);
            }
            body {
                nav aria-label=(t.languages) {
                    @for other in texts::ALL {
                        a href={ "?lang=" (other.code) } lang=(other.code) hreflang=(other.code)
                            aria-current=[(other.code == t.code).then_some("true")] { (other.own_name) }
                    }
                }
                main { (body) }
            }
        }
    }
}
