//! The program: one command a job.

use std::process::ExitCode;

use clap::Parser;

/// It asks for no huge pages: of each, two megabytes stay resident for the least that is used of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    take_small_pages();
    billpay::commands::run(billpay::commands::Arguments::parse())
}

/// Declines huge pages, which many hosts give out unasked. Where that is not possible there is more memory in use, and
/// nothing else is lost.
#[cfg(target_os = "linux")]
fn take_small_pages() {
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(not(target_os = "linux"))]
fn take_small_pages() {}
