//! Compiles the generated parser and the external scanner.

fn main() {
    let folder = std::path::Path::new("src");
    let mut build = cc::Build::new();
    // Always optimised: unoptimised C parses ten times slower, in every debug build and every test.
    build.std("c11").opt_level(2).include(folder).flag_if_supported("-Wno-unused-parameter");
    for file in ["parser.c", "scanner.c"] {
        let path = folder.join(file);
        println!("cargo:rerun-if-changed={}", path.display());
        build.file(path);
    }
    build.compile("tree-sitter-bicep");
}
