//! One test for each requirement of [MS-IKEE] §3.7, named after its section.

use ike_ext::Extension as _;
use ikee_discovery::Discovery;

/// [MS-IKEE] §3.7
#[test]
fn the_extension_has_its_name() {
    assert_eq!(Discovery::new().name(), "discovery");
}
