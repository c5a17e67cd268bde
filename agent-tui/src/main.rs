fn main() -> std::process::ExitCode {
    support_agent::main()
}
