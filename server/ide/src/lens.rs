//! A line above each cluster: who acts in it, and what it may do.

use syntax::TextRange;
use template::aks::Cluster;

use crate::View;
use crate::grants::{Grant, Grants};

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
            let cluster = Cluster::new(&eval, cluster);
            let (control, of_control) = grants.control_plane(&cluster);
            let (kubelet, of_kubelet) = grants.kubelet(&cluster);
            let mut title = format!("control plane: {control}{} · kubelet: {kubelet}", words(&of_control));
            title.push_str(&words(&of_kubelet));
            lenses.push(Lens { range: header.range, title });
        }
        lenses
    }
}

fn words(grants: &[Grant]) -> String {
    if grants.is_empty() {
        return String::new();
    }
    let all: Vec<String> = grants.iter().map(Grant::words).collect();
    format!(" ({})", all.join(", "))
}
