//! Prints the table of well-known vendor IDs.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

use isakmp_wire::vendor_id::KNOWN;

fn main() {
    for known in KNOWN {
        let prefix: String = known
            .prefix
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        let preimage = known
            .preimage
            .map_or_else(String::new, |preimage| format!("  MD5 of {preimage:?}"));
        println!(
            "{prefix:<40}  {}{preimage}  {:?}",
            known.name, known.trailer
        );
    }
}
