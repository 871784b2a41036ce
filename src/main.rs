use std::process::ExitCode;

fn main() -> ExitCode {
    dualkey::cli::main()
}
