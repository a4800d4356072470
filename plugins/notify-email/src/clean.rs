//! Makes one short line of what customers, hosts and technicians called themselves.

/// One line of at most `max` characters: no line ends, no control characters, nothing that turns the direction of the
/// text around or is there without being seen. What is over is cut, with an ellipsis.
pub(crate) fn line(text: &str, max: usize) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let whole: String = words.join(" ").chars().filter(|c| !unseen(*c)).collect();
    if whole.chars().count() <= max {
        return whole;
    }
    let mut cut: String = whole.chars().take(max.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

fn unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A person's or company's name. A name that looks like an address of the web would become a link in the mail of whoever
/// reads it, so it loses what makes it one.
pub(crate) fn name(text: &str) -> String {
    line(&text.replace("://", " ").replace(['/', '\\'], " "), 80)
}

/// A computer's name: letters, digits, `-`, `_` and `.`, as systems have them; at most 63 characters.
pub(crate) fn computer(text: &str) -> String {
    let kept: String = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ')).collect();
    line(&kept, 63)
}

/// A link that may stand in a message: absolute, http or https, printable ASCII without quotes and brackets.
pub(crate) fn link(text: &str) -> Option<&str> {
    let web = text.starts_with("https://") || text.starts_with("http://");
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\`".contains(&byte));
    (web && plain && text.len() <= 2000).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_call_themselves_becomes_one_plain_line() {
        let check = |text: &str, max, expect: &str| assert_eq!(line(text, max), expect, "{text:?}");
        check("Ana", 10, "Ana");
        check("  Ana \t Díaz ", 20, "Ana Díaz");
        check("Ana\r\nBcc: x@example.org", 40, "Ana Bcc: x@example.org");
        check("Ana\u{2028}Díaz\u{85}", 20, "Ana Díaz");
        check("a\u{202e}gpj.exe", 20, "agpj.exe");
        check("A\u{200b}n\u{feff}a", 20, "Ana");
        check("\u{1b}[31mred", 20, "[31mred");
        check("0123456789", 10, "0123456789");
        check("0123456789A", 10, "012345678…");
        check("ééééé", 3, "éé…");
        check("\u{202e}\r\n", 3, "");
        assert_eq!(name("https://evil.example/x"), "https evil.example x");
        assert_eq!(computer("<b>PC-1</b>.local"), "bPC-1b.local");
        assert_eq!(computer("Büro-PC 2"), "Büro-PC 2");
    }

    #[test]
    fn only_a_plain_web_address_is_a_link() {
        for good in ["https://s.example.org/s/abc", "http://127.0.0.1:8443/s/abc?x=1#y"] {
            assert_eq!(link(good), Some(good));
        }
        for bad in
            ["", "javascript:alert(1)", "//x", "https://x/\"><b>", "https://x/ y", "https://x/\r\nBcc: y", "data:,x"]
        {
            assert_eq!(link(bad), None, "{bad}");
        }
    }
}
