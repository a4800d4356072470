//! A letter, as text and as HTML. Both say the same; nothing in it is loaded from anywhere.
//!
//! Colours: the reader's mail program has its own, light or dark. Only the button brings a background, and with it the
//! colour of its text; everything else inherits, with lines in a grey that is seen on both.

use crate::texts::fill;
use std::fmt::Write;

/// One letter.
pub(crate) struct Letter {
    pub(crate) language: &'static str,
    /// How a name and its value are written: French puts a space before the colon.
    pub(crate) label: &'static str,
    pub(crate) parts: Vec<Part>,
    pub(crate) footer: Vec<String>,
}

/// What a letter is made of. All text is plain: it is escaped when HTML is made of it.
pub(crate) enum Part {
    Heading(String),
    Text(String),
    /// `link` was checked by [`crate::clean::link`].
    Button {
        label: String,
        link: String,
    },
    Facts(Vec<(String, String)>),
    Table {
        heads: [String; 3],
        rows: Vec<[String; 3]>,
    },
}

const BODY: &str = "margin:0;padding:16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif";
const BOX: &str = "max-width:600px;margin:0 auto";
const HEADING: &str = "font-size:18px;line-height:1.3;margin:24px 0 8px";
const TEXT: &str = "margin:0 0 16px";
const TABLE: &str = "border-collapse:collapse;margin:0 0 16px;width:100%";
const CELL: &str = "text-align:left;vertical-align:top;padding:6px 12px 6px 0;border-bottom:1px solid #8a94a3";
const BUTTON: &str = "display:inline-block;padding:12px 20px;border-radius:8px;background:#0b57c2;color:#ffffff;font-weight:bold;text-decoration:none";
const SMALL: &str = "font-size:14px;margin:0 0 16px;word-break:break-all";
const FOOTER: &str = "margin-top:32px;padding-top:12px;border-top:1px solid #8a94a3;font-size:13px";

impl Letter {
    /// As plain text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Heading(text) => out.push_str(&format!("{text}\n{}\n", "-".repeat(text.chars().count()))),
                Part::Text(text) => out.push_str(&format!("{text}\n\n")),
                Part::Button { link, .. } => out.push_str(&format!("{link}\n\n")),
                Part::Facts(facts) => {
                    for (name, value) in facts {
                        out.push_str(&fill(self.label, &[("name", name), ("value", value)]));
                        out.push('\n');
                    }
                    out.push('\n');
                }
                Part::Table { rows, .. } => {
                    for row in rows {
                        out.push_str(&format!("- {}\n", row.join(" · ")));
                    }
                    out.push('\n');
                }
            }
        }
        // Two hyphens and a space: what mail programs take for the end of what was written.
        out + "-- \n" + &self.footer.join("\n") + "\n"
    }

    /// As an HTML document.
    pub(crate) fn html(&self, title: &str) -> String {
        let mut out = format!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\
             <title>{}</title></head>\n<body style=\"{BODY}\"><div style=\"{BOX}\">\n",
            self.language,
            escape(title)
        );
        for part in &self.parts {
            // Writing to a string cannot fail.
            let _ = part_of_html(&mut out, part);
        }
        out.push_str(&format!("<div style=\"{FOOTER}\">"));
        for line in &self.footer {
            out.push_str(&format!("<p style=\"margin:0 0 4px\">{}</p>", escape(line)));
        }
        out + "</div>\n</div></body></html>\n"
    }
}

fn part_of_html(out: &mut String, part: &Part) -> std::fmt::Result {
    match part {
        Part::Heading(text) => writeln!(out, "<h2 style=\"{HEADING}\">{}</h2>", escape(text)),
        Part::Text(text) => writeln!(out, "<p style=\"{TEXT}\">{}</p>", escape(text)),
        Part::Button { label, link } => {
            let (label, link) = (escape(label), escape(link));
            writeln!(out, "<p style=\"{TEXT}\"><a href=\"{link}\" style=\"{BUTTON}\">{label}</a></p>")?;
            // For programs that hide links behind their texts: people should see where it leads.
            writeln!(out, "<p style=\"{SMALL}\">{link}</p>")
        }
        Part::Facts(facts) => {
            writeln!(out, "<table style=\"{TABLE}\">")?;
            for (name, value) in facts {
                let (name, value) = (escape(name), escape(value));
                writeln!(
                    out,
                    "<tr><th scope=\"row\" style=\"{CELL}\">{name}</th><td style=\"{CELL};overflow-wrap:anywhere\">{value}</td></tr>"
                )?;
            }
            writeln!(out, "</table>")
        }
        Part::Table { heads, rows } => {
            writeln!(out, "<table style=\"{TABLE}\"><tr>")?;
            for head in heads {
                writeln!(out, "<th scope=\"col\" style=\"{CELL}\">{}</th>", escape(head))?;
            }
            out.push_str("</tr>\n");
            for row in rows {
                out.push_str("<tr>");
                for cell in row {
                    write!(out, "<td style=\"{CELL};overflow-wrap:anywhere\">{}</td>", escape(cell))?;
                }
                out.push_str("</tr>\n");
            }
            writeln!(out, "</table>")
        }
    }
}

/// Text as HTML, for contents and quoted attributes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_place() {
        let check = |text: &str, expect: &str| assert_eq!(escape(text), expect);
        check("<b onload='x'>", "&lt;b onload=&#39;x&#39;&gt;");
        check("\" style=\"x", "&quot; style=&quot;x");
        check("&lt;", "&amp;lt;");
        check("Müller & Söhne", "Müller &amp; Söhne");
    }
}
