//! The identities of each cluster as a table for people.

use std::io::{self, Write};

use super::{ActorRow, ClusterRow, MissingRow, PartRow, Place};

const HEAD: [&str; 6] = ["PART", "IDENTITY", "WHERE", "GRANTED", "MISSING", "OWN"];

/// A row: each cell has one or more lines.
type Row = [Vec<String>; 6];

/// Prints a table for each cluster.
pub(super) fn render(clusters: &[ClusterRow], out: &mut Vec<u8>) -> io::Result<()> {
    for (number, cluster) in clusters.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write!(out, "Cluster {}, {}", cluster.name, place(&cluster.location))?;
        match &cluster.deployed_by {
            Some(file) => writeln!(out, ", deployed by {file}")?,
            None => writeln!(out)?,
        }
        let rows: Vec<Row> = cluster.parts.iter().flat_map(rows).collect();
        let width = |column: usize| {
            let cells = rows.iter().flat_map(|row| &row[column]).map(|line| line.chars().count());
            cells.max().unwrap_or(0).max(HEAD[column].len())
        };
        let widths: [usize; 6] = std::array::from_fn(width);
        line(&HEAD, &widths, out)?;
        for row in &rows {
            let height = row.iter().map(Vec::len).max().unwrap_or(0);
            for number in 0..height {
                let cells: [&str; 6] = std::array::from_fn(|column| row[column].get(number).map_or("", String::as_str));
                line(&cells, &widths, out)?;
            }
        }
    }
    Ok(())
}

fn line(cells: &[&str; 6], widths: &[usize; 6], out: &mut Vec<u8>) -> io::Result<()> {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    writeln!(out, "  {}", padded.join("  ").trim_end()).map(|()| ())
}

fn rows(part: &PartRow) -> Vec<Row> {
    let own = match part.own {
        Some(property) => format!("yes: {property}"),
        None => "no".to_owned(),
    };
    let one = |(number, actor): (usize, &ActorRow)| {
        let first = number == 0;
        let label = if first { part.label.clone() } else { String::new() };
        let mut identity = vec![identity(actor)];
        if !actor.when.is_empty() {
            identity.push(format!("when {}", actor.when));
        }
        let own = if first { own.clone() } else { String::new() };
        [vec![label], identity, vec![location(actor)], granted(part, actor), missing(actor), vec![own]]
    };
    part.identities.iter().enumerate().map(one).collect()
}

fn identity(actor: &ActorRow) -> String {
    match actor.kind {
        "user-assigned" | "generated" => format!("{} ({})", actor.name, actor.kind),
        _ => actor.name.clone(),
    }
}

fn location(actor: &ActorRow) -> String {
    actor.declared.as_ref().or(actor.named.as_ref()).map(place).unwrap_or_default()
}

fn granted(part: &PartRow, actor: &ActorRow) -> Vec<String> {
    let mut lines: Vec<String> = (actor.grants.iter())
        .map(|grant| {
            let words = format!("{} on {}", grant.role, grant.scope);
            if grant.when.is_empty() { words } else { format!("{words}, when {}", grant.when) }
        })
        .collect();
    if let Some(given) = part.given
        && !matches!(actor.kind, "service-principal" | "none")
    {
        lines.push(format!("{given} (by Azure)"));
    }
    or_dash(lines)
}

fn missing(actor: &ActorRow) -> Vec<String> {
    let words = |missing: &MissingRow| {
        let doubt = if missing.certain { "" } else { " (unless granted elsewhere)" };
        format!("{} on {} ({}){doubt}", missing.role, missing.scope, missing.what)
    };
    or_dash(actor.missing.iter().map(words).collect())
}

fn or_dash(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["-".to_owned()] } else { lines }
}

fn place(place: &Place) -> String {
    format!("{}:{}:{}", place.path, place.line, place.column)
}
