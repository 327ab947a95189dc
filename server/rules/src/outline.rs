//! What rules look for in all expressions of a template.

use template::expr::Member;
use template::{Expr, ExprId, Template};

use crate::rules::{may_be_misspelt, may_say_role, says_role_guid};

/// The expressions of a template that some rule looks at wherever they are. All are gone through once for all rules: in a
/// large template that is most of what these rules cost, and hardly anything is found.
pub(crate) struct Outline {
    /// Where something of an `identityProfile` is read: `….identityProfile.name`.
    pub(crate) profile_reads: Vec<ExprId>,
    /// Texts that are the GUID of a role or end with one, perhaps.
    pub(crate) role_guids: Vec<ExprId>,
    /// Properties whose name may say a role: name and value.
    pub(crate) role_names: Vec<(ExprId, ExprId)>,
    /// Properties whose name may be a misspelling of "kubelet identity": the object, and the number of the member.
    pub(crate) misspelt: Vec<(ExprId, u32)>,
}

impl Outline {
    pub(crate) fn of(template: &Template) -> Self {
        let (profile_reads, role_guids) = (Vec::new(), Vec::new());
        let mut outline = Self { profile_reads, role_guids, role_names: Vec::new(), misspelt: Vec::new() };
        for (id, expr) in template.exprs.iter() {
            match expr {
                Expr::Str(text) if says_role_guid(text) => outline.role_guids.push(id),
                Expr::Member { base, .. } if matches!(template.expr(*base), Expr::Member { name, .. } if *name == *"identityProfile") =>
                {
                    outline.profile_reads.push(id);
                }
                Expr::Object(object) => {
                    for (number, member) in (0..).zip(&object.members) {
                        let Member::Property(property) = member else { continue };
                        let Expr::Str(key) = template.expr(property.key) else { continue };
                        if may_say_role(key) {
                            outline.role_names.push((property.key, property.value));
                        }
                        if may_be_misspelt(key) {
                            outline.misspelt.push((id, number));
                        }
                    }
                }
                _ => {}
            }
        }
        outline
    }
}
