//! Expressions of ARM templates.

use syntax::TextSize;
use syntax::arm_expr::{is_expression, literal, parse};

/// Any text as an expression.
///
/// # Panics
/// When something does not hold.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    check_text(&text);
    check_text(&format!("[{text}]"));
}

fn check_text(text: &str) {
    let parsed = parse(text);
    let _ = (is_expression(text), literal(text));
    let mut last = None;
    for error in &parsed.errors {
        assert!(text.get(usize::from(error.range.start())..usize::from(error.range.end())).is_some(), "{error:?}");
        assert!(last < Some(error.range.start()), "{:?} in {text:?}", parsed.errors);
        last = Some(error.range.start());
    }
    // As many looks as there are bytes would make long inputs slow for nothing.
    for offset in (0..=text.len()).step_by(text.len() / 256 + 1) {
        let at = parsed.at_offset(TextSize::try_from(offset).expect("inputs are small"));
        assert!(at.nodes.windows(2).all(|pair| pair[0].range().contains_range(pair[1].range())));
    }
    if let Some(root) = parsed.root.as_ref().filter(|_| parsed.errors.is_empty()) {
        // Printed and read again it is the same.
        let printed = format!("[{root}]");
        let again = parse(&printed);
        assert_eq!(again.errors, [], "{printed:?} of {text:?}");
        let reprinted = again.root.as_ref().map(ToString::to_string);
        assert_eq!(reprinted.as_deref(), printed.get(1..printed.len() - 1), "{text:?}");
    }
}
