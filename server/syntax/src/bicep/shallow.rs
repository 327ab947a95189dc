//! The view of Bicep that the grammar gets to see where brackets are in each other by the ten thousands.
//!
//! The parser keeps all that is open in memory, some hundred bytes for each bracket, and nobody looks deeper than
//! [`crate::tree::MAX_DEPTH`]. So what is much deeper than that is blanked out before it is parsed. Offsets stay true.

use text_size::TextSize;

use crate::tree::offset;

/// How many brackets are parsed in each other. Far more than anybody looks into: what is left still counts as nested too deeply.
const DEEPEST: usize = 1 << 14;

/// The text without what is too deep in it, and where that begins. `None` for all that people write.
pub(crate) fn shallow(text: &str) -> Option<(Vec<u8>, TextSize)> {
    if !has_many(text.as_bytes()) {
        return None;
    }
    let mut scanner = Scanner { text: text.as_bytes(), at: 0, open: Vec::new(), signs: 0, deep: Vec::new() };
    scanner.run();
    let first = scanner.deep.first()?.0;
    let mut shallow = text.as_bytes().to_vec();
    for (start, end, filler) in scanner.deep {
        let hidden = &mut shallow[start..end];
        hidden.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        if let (Some(filler), Some(first)) = (filler, hidden.first_mut()) {
            *first = filler;
        }
    }
    Some((shallow, offset(first)))
}

/// Whether there is enough in the text to be too deep. Asked for each edit, so it only counts.
fn has_many(text: &[u8]) -> bool {
    let is_one = |byte: &u8| u8::from(matches!(byte, b'(' | b'[' | b'{' | b'!' | b'-'));
    // As many as a byte can count, which the compiler does for dozens at a time.
    let counts = text.chunks(255).map(|chunk| usize::from(chunk.iter().map(is_one).sum::<u8>()));
    text.len() > DEEPEST && counts.sum::<usize>() > DEEPEST
}

/// All bytes but those that mean something to [`Scanner::run`].
static PLAIN_IN_CODE: [bool; 256] = all_but(b"()[]{}!-'/");
/// The same for [`Scanner::string`].
static PLAIN_IN_STRINGS: [bool; 256] = all_but(b"\\$'\n\r");

const fn all_but(special: &[u8]) -> [bool; 256] {
    let mut plain = [true; 256];
    let mut index = 0;
    while index < special.len() {
        plain[special[index] as usize] = false;
        index += 1;
    }
    plain
}

/// What is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// A bracket, with the one that closes it.
    Bracket(u8),
    /// A `${` in a string.
    Hole,
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    open: Vec<Open>,
    /// How many signs in a row stand before an operand, which nest like brackets.
    signs: usize,
    /// What is too deep, in order: from, to, and what has to stand in its place.
    deep: Vec<(usize, usize, Option<u8>)>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        loop {
            if self.signs == 0 {
                self.skip(&PLAIN_IN_CODE);
            }
            let start = self.at;
            let Some(&byte) = self.text.get(start) else { break };
            self.at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                b'!' | b'-' => {
                    self.signs += 1;
                    if self.open.len() + self.signs > DEEPEST && self.open.len() <= DEEPEST {
                        self.deep.push((start, self.at, None));
                    }
                    continue;
                }
                b'(' => self.open(Open::Bracket(b')')),
                b'[' => self.open(Open::Bracket(b']')),
                b'{' => self.open(Open::Bracket(b'}')),
                b'}' if self.open.last() == Some(&Open::Hole) => {
                    self.close();
                    self.string();
                }
                b')' | b']' | b'}' if self.open.last() == Some(&Open::Bracket(byte)) => self.close(),
                b'\'' if self.text[self.at..].starts_with(b"''") => {
                    self.at += 2;
                    self.skip_past(b"'''");
                }
                b'\'' => self.string(),
                b'/' if self.text.get(self.at) == Some(&b'/') => {
                    let rest = &self.text[self.at..];
                    self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                }
                b'/' if self.text.get(self.at) == Some(&b'*') => {
                    self.at += 1;
                    self.skip_past(b"*/");
                }
                _ => {}
            }
            self.signs = 0;
        }
        // What is never closed.
        if self.open.len() > DEEPEST
            && let Some(last) = self.deep.last_mut()
        {
            last.1 = self.text.len();
        }
    }

    fn skip_past(&mut self, mark: &[u8]) {
        let rest = &self.text[self.at..];
        self.at += memchr::memmem::find(rest, mark).map_or(rest.len(), |at| at + mark.len());
    }

    /// Skips what means nothing: most of a text, which is scanned for each key press if it is large.
    fn skip(&mut self, plain: &[bool; 256]) {
        self.at += self.text[self.at..].iter().take_while(|&&byte| plain[usize::from(byte)]).count();
    }

    /// The rest of a string, up to its next hole.
    fn string(&mut self) {
        loop {
            self.skip(&PLAIN_IN_STRINGS);
            let Some(&byte) = self.text.get(self.at) else { return };
            self.at += 1;
            match byte {
                b'\\' => {
                    let escapes = self.text.get(self.at).is_some_and(|next| !matches!(next, b'\n' | b'\r'));
                    self.at += usize::from(escapes);
                }
                b'$' if self.text.get(self.at) == Some(&b'{') => {
                    self.at += 1;
                    self.open(Open::Hole);
                    return;
                }
                b'\'' | b'\n' | b'\r' => return,
                _ => {}
            }
        }
    }

    fn open(&mut self, what: Open) {
        self.open.push(what);
        if self.open.len() == DEEPEST + 1 {
            // An object and an array may be empty.
            let filler = matches!(what, Open::Hole | Open::Bracket(b')')).then_some(b'0');
            self.deep.push((self.at, self.at, filler));
        }
    }

    fn close(&mut self) {
        if self.open.len() == DEEPEST + 1
            && let Some(last) = self.deep.last_mut()
        {
            last.1 = self.at - 1;
        }
        self.open.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        shallow(text).map(|(bytes, _)| String::from_utf8(bytes).unwrap())
    }

    /// As deep as may be, around what is given.
    fn around(text: &str) -> String {
        format!("var a = {}{text}{}\nvar b = 1\n", "[".repeat(DEEPEST), "]".repeat(DEEPEST))
    }

    #[test]
    fn what_people_write_is_left_alone() {
        assert_eq!(shown(""), None);
        assert_eq!(shown(&around("1")), None, "not too deep");
        assert_eq!(shown(&"var a = [(-1)]\n".repeat(DEEPEST)), None, "much, but not in each other");
        assert_eq!(
            shown(&format!("var a = '{}'\n/* {} */ // {}", "[".repeat(DEEPEST), "{".repeat(9), "(".repeat(9))),
            None
        );
        assert_eq!(shown(&"var a = '''{[('''\n".repeat(DEEPEST)), None);
    }

    #[test]
    fn what_is_too_deep_is_blank() {
        for (text, expected) in [
            ("[x]", "[ ]"),
            ("{ a: 'ü]' }\n[]", "{          }\n[]"),
            ("f(x, [\n])", "f(0   \n )"),
            ("'a${f(']')}b'", "'a${0     }b'"),
            ("[[]], []", "[  ], []"),
            ("!!x", "  x"),
        ] {
            assert_eq!(shown(&around(text)).unwrap(), around(expected));
        }
        let signs = format!("var a = {}1", "!".repeat(DEEPEST + 2));
        assert_eq!(shown(&signs).unwrap(), format!("var a = {}  1", "!".repeat(DEEPEST)));
    }

    #[test]
    fn what_is_not_closed_is_blank_to_the_end() {
        let text = format!("{}[[a\nb", "[".repeat(DEEPEST));
        let (bytes, first) = shallow(&text).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), format!("{}[  \n ", "[".repeat(DEEPEST)));
        assert_eq!(usize::from(first), DEEPEST + 1);
    }
}
