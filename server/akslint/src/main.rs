//! See the library of the same name.

use std::process::ExitCode;

/// Parsing makes millions of small allocations on all threads at once, for which glibc asks the kernel page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    akslint::main()
}
