//! Fenced code blocks.

use super::{Builder, Encoding, Fragment, Line, Origin, lines};
use crate::shell::Shell;

/// An open fence.
struct Fence {
    mark: u8,
    /// How many marks.
    len: usize,
    /// How many `>` of quotations stand in front.
    quotes: usize,
    /// The column of the marks behind those: as many blanks of each line belong to the list item.
    indent: usize,
    info: Info,
}

/// What the opening fence says about the language.
enum Info {
    Shell(Shell),
    Other,
    None,
}

pub(super) fn fragments(text: &str) -> Vec<Fragment> {
    let mut found = Vec::new();
    let mut open: Option<(Fence, Vec<Line>)> = None;
    // A command that stands in the text without a fence, and goes on in the next line.
    let mut bare: Vec<Line> = Vec::new();
    for (start, end, full) in lines(text, 0) {
        match &mut open {
            None => {
                open = opening(&text[start..end]).map(|fence| (fence, Vec::new()));
                let line = &text[start..end];
                let goes_on = line.trim_end().ends_with(['\\', '`', '^']);
                if open.is_none() && (!bare.is_empty() || is_command(line)) {
                    bare.push((start, end, full));
                }
                if !goes_on && !bare.is_empty() {
                    found.extend(unfenced(text, &std::mem::take(&mut bare)));
                }
            }
            Some((fence, content)) => {
                let (from, closes) = inside(&text[start..end], fence);
                if closes {
                    found.extend(finish(text, fence, content));
                    open = None;
                } else {
                    content.push((start + from, end, full));
                }
            }
        }
    }
    if let Some((fence, content)) = open {
        found.extend(finish(text, &fence, &content));
    }
    found.extend(unfenced(text, &bare));
    found
}

/// Whether a line of text is a command and no sentence about one.
fn is_command(line: &str) -> bool {
    line.trim_start().starts_with("az ") && super::calls_az(line) && (line.contains(" -") || line.ends_with('\\'))
}

/// A command in the text itself.
fn unfenced(text: &str, content: &[Line]) -> Option<Fragment> {
    let shell = guess(content.iter().map(|&(start, end, _)| &text[start..end]))?;
    let mut builder = Builder::new(Encoding::Plain);
    for &(start, _, full) in content {
        builder.verbatim(text, start, full);
    }
    Some(builder.finish(shell, Origin::Prose))
}

fn opening(line: &str) -> Option<Fence> {
    let mut rest = line;
    let mut quotes = 0;
    while let Some(quoted) = rest.trim_start().strip_prefix('>') {
        rest = quoted.strip_prefix(' ').unwrap_or(quoted);
        quotes += 1;
    }
    let mut fence = rest.trim_start();
    // A block may begin on the line of its list item: `1. ```bash`.
    let marker = fence.trim_start_matches(|c: char| c.is_ascii_digit());
    for prefix in ["- ", "* ", "+ "] {
        fence = fence.strip_prefix(prefix).map_or(fence, str::trim_start);
    }
    if let Some(item) = marker.strip_prefix(". ").or_else(|| marker.strip_prefix(") ")) {
        fence = item.trim_start();
    }
    let mark = *fence.as_bytes().first().filter(|mark| matches!(mark, b'`' | b'~'))?;
    let len = fence.bytes().take_while(|&byte| byte == mark).count();
    let info = fence[len..].trim();
    if len < 3 || (mark == b'`' && info.contains('`')) {
        return None;
    }
    let info = match shell_of(info) {
        Some(shell) => Info::Shell(shell),
        None if info.is_empty() => Info::None,
        None => Info::Other,
    };
    Some(Fence { mark, len, quotes, indent: rest.len() - fence.len(), info })
}

/// Where the content of a line begins, and whether the line is the closing fence instead.
fn inside(line: &str, fence: &Fence) -> (usize, bool) {
    let mut rest = line;
    for _ in 0..fence.quotes {
        let Some(quoted) = rest.trim_start().strip_prefix('>') else { break };
        rest = quoted.strip_prefix(' ').unwrap_or(quoted);
    }
    let marks = rest.trim();
    let closes = marks.len() >= fence.len && marks.bytes().all(|byte| byte == fence.mark);
    let blanks = rest.bytes().take(fence.indent).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    (line.len() - rest.len() + blanks, closes)
}

/// The language that an info string names, if it is a shell.
fn shell_of(info: &str) -> Option<Shell> {
    let name =
        info.trim_start_matches(['{', '.']).split(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ',' | ':'));
    Some(match name.into_iter().next()?.to_ascii_lowercase().as_str() {
        "azurecli"
        | "azurecli-interactive"
        | "azcli"
        | "bash"
        | "sh"
        | "shell"
        | "zsh"
        | "console"
        | "shell-session"
        | "shellsession"
        | "terminal" => Shell::Bash,
        "powershell"
        | "powershell-interactive"
        | "azurepowershell"
        | "azurepowershell-interactive"
        | "pwsh"
        | "ps1"
        | "ps" => Shell::PowerShell,
        "cmd" | "bat" | "batch" | "dos" => Shell::Cmd,
        _ => return None,
    })
}

/// The language of a block that names none: a shell if a line calls `az`, and which one by how its lines go on.
fn guess<'a>(mut lines: impl Iterator<Item = &'a str>) -> Option<Shell> {
    let call = lines.find(|line| line.trim_start().trim_start_matches("$ ").starts_with("az "))?;
    Some(match call.trim_end().chars().last() {
        Some('`') => Shell::PowerShell,
        Some('^') => Shell::Cmd,
        _ => Shell::Bash,
    })
}

fn finish(text: &str, fence: &Fence, content: &[Line]) -> Option<Fragment> {
    let shell = match fence.info {
        Info::Shell(shell) => shell,
        Info::Other => return None,
        Info::None => guess(content.iter().map(|&(start, end, _)| &text[start..end]))?,
    };
    let mut builder = Builder::new(Encoding::Plain);
    if !content.iter().any(|&(start, end, _)| prompt(shell, &text[start..end]).is_some()) {
        for &(start, _, full) in content {
            builder.verbatim(text, start, full);
        }
        return Some(builder.finish(shell, Origin::Prose));
    }
    // A session: what has a prompt is typed, the rest is output.
    let mark = match shell {
        Shell::Bash => '\\',
        Shell::PowerShell => '`',
        Shell::Cmd => '^',
    };
    let mut continues = false;
    for &(start, end, full) in content {
        let line = &text[start..end];
        let typed = match prompt(shell, line) {
            Some(len) => Some(start + len),
            None if continues => Some(start + if line.starts_with("> ") { 2 } else { 0 }),
            None => None,
        };
        continues = typed.is_some() && line.ends_with(mark);
        if let Some(typed) = typed {
            builder.verbatim(text, typed, full);
        }
    }
    Some(builder.finish(shell, Origin::Prose))
}

/// The length of the prompt in front of a command.
fn prompt(shell: Shell, line: &str) -> Option<usize> {
    let rest = line.trim_start();
    let blanks = line.len() - rest.len();
    let len = match shell {
        Shell::Bash => rest.starts_with("$ ").then_some(2)?,
        // `PS> `, `PS C:\work> `
        Shell::PowerShell => {
            let path = rest.strip_prefix("PS")?;
            (path.starts_with('>') || path.starts_with(' ')).then_some(())?;
            rest.find("> ")? + 2
        }
        // `C:\work>`
        Shell::Cmd => {
            (rest.get(1..3) == Some(":\\") && rest.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(())?;
            rest.find('>')? + 1
        }
    };
    (!rest[len..].trim().is_empty()).then_some(blanks + len)
}
