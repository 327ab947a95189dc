//! Hints in the text: whose ID or principal an expression is, which role a GUID is.

use schema::roles;
use syntax::{TextRange, TextSize};
use template::aks::{CLUSTER, IDENTITY, is_guid};
use template::eval::{Place, ScopeId};
use template::expr::{Expr, Ref};

use crate::View;
use crate::grants::Grants;

/// A hint behind a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Where it is shown, in bytes.
    pub offset: TextSize,
    /// What is shown.
    pub label: String,
    /// Markdown.
    pub tooltip: Option<String>,
}

impl View<'_> {
    /// The hints in a range.
    pub fn hints(&self, range: TextRange) -> Vec<Hint> {
        let mut hints = self.role_hints(range);
        let Some(eval) = self.eval() else { return hints };
        let grants = Grants { view: *self, eval: &eval };
        hints.extend(self.principal_hints(&grants, range));
        self.id_hints(&grants, range, &mut hints);
        hints.sort_by_key(|hint| hint.offset);
        hints
    }

    /// The names of roles, behind their GUIDs.
    fn role_hints(&self, range: TextRange) -> Vec<Hint> {
        let text = self.text().as_str();
        let bytes = text.as_bytes();
        let mut hints = Vec::new();
        let (mut at, end) = (usize::from(range.start()), usize::from(range.end()).min(text.len()));
        let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
        while at < end {
            if !is_part(&bytes[at]) {
                at += 1;
                continue;
            }
            let length = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
            let word = &text[at..at + length];
            if is_guid(word)
                && let Some(role) = roles::by_guid(word)
            {
                // Behind the quote, where it does not tear the text apart.
                let quote = usize::from(matches!(bytes.get(at + length), Some(b'\'' | b'"')));
                hints.push(Hint {
                    offset: crate::scan::size(at + length + quote),
                    label: role.name.to_owned(),
                    tooltip: Some(role.purpose.to_owned()),
                });
            }
            at += length;
        }
        hints
    }

    /// Whose principal a role assignment names, where the expression does not say it by itself.
    fn principal_hints(&self, grants: &Grants<'_, '_>, range: TextRange) -> Vec<Hint> {
        let eval = grants.eval;
        let mut hints: Vec<Hint> = Vec::new();
        for assignment in eval.role_assignments() {
            for case in &assignment.principal {
                let Some(location) = eval.written_at(&case.value) else { continue };
                let is_here = location.file == self.file && range.contains_range(location.range);
                if !is_here || hints.iter().any(|hint| hint.offset == location.range.end()) {
                    continue;
                }
                if let Some(words) = grants.words_for(&case.value.value) {
                    let label = words.split_once(" of ").map_or(words.as_str(), |(_, whom)| whom).to_owned();
                    hints.push(Hint {
                        offset: location.range.end(),
                        label,
                        tooltip: Some(format!("This is {words}.")),
                    });
                }
            }
        }
        hints
    }

    /// Which identity a parameter, variable or output stands for, inside of clusters, where the expression does not name it.
    fn id_hints(&self, grants: &Grants<'_, '_>, range: TextRange, hints: &mut Vec<Hint>) {
        let Some(template) = self.template() else { return };
        let clusters: Vec<TextRange> = template
            .resources
            .iter()
            .filter(|resource| resource.is_type(CLUSTER))
            .map(|cluster| cluster.range)
            .collect();
        for (expr, kind) in template.exprs.iter() {
            let own = template.exprs.range(expr);
            let is_read = matches!(kind, Expr::Ref(Ref::Parameter(_) | Ref::Variable(_)) | Expr::Member { .. });
            if !is_read || !range.contains_range(own) || !clusters.iter().any(|cluster| cluster.contains_range(own)) {
                continue;
            }
            let values = grants.eval.value(Place { scope: ScopeId::ROOT, expr });
            let Some(words) = values.iter().find_map(|case| {
                let id = grants.id_in(&case.value)?;
                (id.is_type(IDENTITY) == Some(true) && id.declared.is_some()).then(|| grants.name_of(&id))
            }) else {
                continue;
            };
            let is_named = self.slice(own).to_lowercase().contains(&words.to_lowercase());
            // Behind the quote of a JSON string, where it does not tear the text apart.
            let text = self.text().as_str();
            let rest = text[usize::from(own.end())..].strip_prefix("]\"").map_or(0, |_| 2);
            let offset = own.end() + TextSize::from(rest);
            if !is_named && !hints.iter().any(|hint| hint.offset == offset) {
                let tooltip = Some(format!("This is the identity {words}."));
                hints.push(Hint { offset, label: format!("the identity {words}"), tooltip });
            }
        }
    }
}
