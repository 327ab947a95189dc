use super::*;
use crate::tree::{parse, reparse};
use crate::text::*;
use crate::edit::TextEdit;
use std::time::Instant;
#[test]
fn corpus() {
    let list = std::fs::read_to_string("/tmp/json.list").unwrap();
    let (mut files, mut bytes, mut tmask, mut tparse, mut witherr) = (0, 0usize, 0f64, 0f64, 0);
    let mut kinds = [0usize; 3];
    let mut tkind = 0f64; let mut terr = 0f64; let mut patched = 0;
    let mut kindlist = String::new();
    for path in list.lines() {
        let raw = std::fs::read(path).unwrap();
        let text = match SourceText::from_bytes(&raw, 64 << 20) { Ok(t) => t, Err(e) => { println!("UNREADABLE {path}: {e}"); continue } };
        files += 1; bytes += raw.len();
        let b = Instant::now(); let m = Mask::of(text.as_str()); tmask += b.elapsed().as_secs_f64();
        patched += usize::from(!m.patches().is_empty());
        let b = Instant::now(); let tree = parse(Language::Json, text.clone()); tparse += b.elapsed().as_secs_f64();
        let b = Instant::now(); let errs = syntax_errors(&tree); terr += b.elapsed().as_secs_f64();
        let b = Instant::now(); let k = looks_like_template(text.as_str()); tkind += b.elapsed().as_secs_f64();
        kinds[k as usize] += 1;
        kindlist.push_str(&format!("{k:?} {path}\n"));
        let valid = serde_json::from_str::<serde::de::IgnoredAny>(text.as_str().trim_start_matches('\u{feff}'));
        if !errs.is_empty() {
            witherr += 1;
            println!("ERR {k:?} serde={} {path} ({} errors)", valid.is_ok(), errs.len());
            for e in errs.iter().take(3) { let lc = text.line_column(e.range.start()); println!("     {}:{} {}", lc.line, lc.column, e.message); }
        } else if tree.root().has_error() { println!("TREE-ERROR {path}"); }
        else if let Err(why) = valid { println!("ARMONLY {path}: {why}"); }
    }
    println!("{files} files {bytes} bytes, {witherr} with errors, {patched} patched; mask {:.0} MB/s, mask+parse {:.1} MB/s, errors {:.1} ms, kind {:.0} MB/s {kinds:?}", bytes as f64/1e6/tmask, bytes as f64/1e6/tparse, terr*1e3, bytes as f64/1e6/tkind);
    std::fs::write("/tmp/json.kinds", kindlist).unwrap();
}
#[test]
fn edits() {
    for path in std::fs::read_to_string("/tmp/edit.list").unwrap().lines() {
        let text = SourceText::new(std::fs::read_to_string(path).unwrap());
        for (what, piece) in [("letter", "x"), ("quote", "\""), ("brace", "{"), ("comma", ",")] {
            let base = parse(Language::Json, text.clone());
            let base = one(&base, TextEdit::insert(0.into(), " ")).0;
            let n = base.source().len();
            let mut all = Vec::new(); let mut texts = Vec::new(); let mut masks = Vec::new();
            let mut seed = 12345u64;
            for _ in 0..300 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let mut at = (seed >> 33) as usize % n;
                while !base.source().is_char_boundary(at) { at -= 1 }
                let (_, total, t) = one(&base, TextEdit::insert(crate::tree::offset(at), piece));
                all.push(total); texts.push(t);
                let b = Instant::now(); Mask::of(base.source()); masks.push(b.elapsed().as_secs_f64()*1e6);
            }
            let mut p = |v: &mut Vec<f64>| { v.sort_by(f64::total_cmp); (v[v.len()/2] as u64, v[v.len()*99/100] as u64, v[v.len()-1] as u64) };
            println!("{} KB {what}: total p50/p99/max us {:?}, text only {:?}, mask of valid {:?}", n/1024, p(&mut all), p(&mut texts), p(&mut masks));
        }
    }
}
fn one(tree: &SyntaxTree, edit: TextEdit) -> (SyntaxTree, f64, f64) {
    let b = Instant::now();
    let mut pending = PendingText::new(tree.text());
    pending.replace(edit.range, &edit.new_text).unwrap();
    let (text, change) = pending.finish();
    let t = b.elapsed().as_secs_f64()*1e6;
    let input = change.unwrap().input_edit(tree.source(), text.as_str());
    let new = reparse(tree, text, &[input]);
    (new, b.elapsed().as_secs_f64()*1e6, t)
}
#[test]
fn hundred_mb() {
    let text = format!("[{}1]", "{\"a\":\"some text\",\"b\":[1,2,3]},".repeat(3_300_000));
    let b = Instant::now(); Mask::of(&text); println!("mask {} MB single line {:?}", text.len()/1000000, b.elapsed());
    let b = Instant::now(); let t = parse(Language::Json, SourceText::new(text)); println!("parse {:?} err {}", b.elapsed(), t.root().has_error());
}
