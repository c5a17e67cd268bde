//! The server's binary, as the tests start it.

fn main() -> std::process::ExitCode {
    support_server::main()
}
