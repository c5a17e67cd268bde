//! The binary `support-server`.

fn main() -> std::process::ExitCode {
    support_server::main()
}
