//! The program: one command a job.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    billpay::commands::run(billpay::commands::Arguments::parse())
}
