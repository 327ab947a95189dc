//! A line above each cluster: who acts in it, and what it may do.

use syntax::TextRange;
use template::aks::Cluster;
use template::identities::PartKind;

use crate::View;
use crate::grants::Grants;

/// A line above something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lens {
    /// What it is about, in bytes.
    pub range: TextRange,
    /// What is shown.
    pub title: String,
}

impl View<'_> {
    /// A line for each cluster that the file declares.
    pub fn lenses(&self) -> Vec<Lens> {
        let Some(eval) = self.eval() else { return Vec::new() };
        let grants = Grants { view: *self, eval: &eval };
        let mut lenses: Vec<Lens> = Vec::new();
        for cluster in eval.clusters() {
            let header = eval.header(cluster);
            if header.file != self.file || lenses.iter().any(|lens| lens.range == header.range) {
                continue;
            }
            let parts = Cluster::new(&eval, cluster).parts();
            let main = parts.iter().filter(|part| matches!(part.kind, PartKind::ControlPlane | PartKind::Kubelet));
            let title = main.map(|part| grants.line_of_part(part)).collect::<Vec<_>>().join(" · ");
            lenses.push(Lens { range: header.range, title });
        }
        lenses
    }
}
