//! The agents' binary, as the tests start it.

fn main() -> std::process::ExitCode {
    support_agent::main()
}
