//! What a user may type after `cga`.

use core::net::Ipv6Addr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Cryptographically generated addresses: make one, check one, show one.
///
/// Such an address is a hash of a key, and whoever has the key proves by IKEv1 that the address is its own; no authority
/// certifies anything (RFC 3972, [MS-IKEE] §3.4).
#[derive(Args, Debug)]
pub(crate) struct CgaArgs {
    #[command(subcommand)]
    pub(crate) command: CgaCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CgaCommand {
    /// Make an address, with its key and certificate
    Generate(GenerateArgs),
    /// Check that address, key and certificate of a file belong together
    Verify(FileArgs),
    /// Show what a file and its certificate hold
    Show(FileArgs),
}

const GENERATE_HELP: &str = "\
Files:
  NAME.toml  what the address is made of; the daemon's configuration names it
  NAME.key   the private key, PEM, for its owner only
  NAME.crt   the self-signed certificate, PEM
  NAME.search.toml  while a search goes on: how far it is

Exit codes:
  0  done
  1  it failed, or was interrupted; the reason is on stderr
  2  wrong usage";

/// Make an address, with its key and certificate.
///
/// A security parameter of 1 or 2 makes it 2^16 or 2^32 times as hard to find another key for the address, and takes a
/// search of as many tries on average. The search runs on all cores. Ctrl-C interrupts it; the same command goes on where
/// it was.
#[derive(Args, Debug)]
#[command(after_help = GENERATE_HELP)]
pub(crate) struct GenerateArgs {
    /// The subnet, as in 2001:db8:1:2::/64
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: String,
    /// The security parameter, 0, 1 or 2
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=7))]
    pub(crate) sec: u8,
    /// How often an address of this modifier was in use already
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) collisions: u8,
    /// The size of the RSA key
    #[arg(long, default_value_t = 2048, value_name = "BITS", value_parser = clap::value_parser!(u16).range(2048..=8192))]
    pub(crate) bits: u16,
    /// The name of the files, with a path and without an ending
    #[arg(short, long, default_value = "cga", value_name = "NAME")]
    pub(crate) out: PathBuf,
    /// For how many days the certificate is valid
    #[arg(long, default_value_t = 3650, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) days: u32,
    /// Threads to search with; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Stop after about that many tries, as Ctrl-C would
    #[arg(long, value_name = "N")]
    pub(crate) tries: Option<u64>,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct FileArgs {
    /// The file of an address, NAME.toml
    pub(crate) file: PathBuf,
    /// Another address than the one in the file
    #[arg(long)]
    pub(crate) address: Option<Ipv6Addr>,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub(crate) json: bool,
}
