//! Builds the guest page with npm and leaves it in `OUT_DIR/page`, where `http::page` embeds it:
//! the server is one file. Runs when the page's sources have changed, and not at all without the
//! feature `page`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the page is made of.
const SOURCES: [&str; 8] = [
    "index.html",
    "package-lock.json",
    "package.json",
    "size.ts",
    "slim",
    "src",
    "tsconfig.json",
    "vite.config.ts",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_PAGE").is_none() {
        return;
    }
    if let Err(problem) = build_page() {
        println!("cargo::error={problem}");
    }
}

fn build_page() -> Result<(), String> {
    let variable =
        |name| std::env::var_os(name).map(PathBuf::from).ok_or(format!("{name} is not set"));
    let page = variable("CARGO_MANIFEST_DIR")?.join("../guest-web");
    let out = variable("OUT_DIR")?.join("page");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", page.join(source).display());
    }
    if !is_installed(&page) {
        npm(&page, &["ci", "--no-audit", "--no-fund"])?;
    }
    let out = out.to_str().ok_or("the target directory's path is not UTF-8")?;
    npm(&page, &["exec", "--", "vite", "build", "--outDir", out, "--emptyOutDir"])
}

/// Whether what npm installed is what the lock file asks for.
fn is_installed(page: &Path) -> bool {
    let changed = |file: &str| page.join(file).metadata().and_then(|it| it.modified());
    let both = changed("package-lock.json").and_then(|locked| {
        changed("node_modules/.package-lock.json").map(|installed| installed >= locked)
    });
    both.unwrap_or(false)
}

fn npm(page: &Path, arguments: &[&str]) -> Result<(), String> {
    match Command::new("npm").args(arguments).current_dir(page).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "building the guest page failed: npm {}: {} {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout).replace('\n', " "),
            String::from_utf8_lossy(&output.stderr).replace('\n', " "),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(
            "the guest page is built with npm, which is not installed: install Node.js 20 or later \
             with npm, or build the server without its page: --no-default-features"
                .to_owned(),
        ),
        Err(error) => Err(format!("cannot run npm: {error}")),
    }
}
