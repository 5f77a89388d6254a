use std::fs::{self, Permissions};

use super::*;

/// A folder with fakes that write down how they are called.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, programs: &[&str]) -> Self {
        let path = std::env::temp_dir().join(format!("ikee-dns-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let log = path.join("log");
        for program in programs {
            let file = path.join(program);
            let script = format!(
                "#!/bin/sh\necho \"$0\" \"$#\" \"$@\" >> {log}\ncat >> {log}\n",
                log = log.display()
            );
            fs::write(&file, script).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        }
        Self(path)
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.0.join("log")).unwrap_or_default();
        log.replace(&format!("{}/", self.0.display()), "")
    }

    fn find(&self, choice: DnsChoice, resolved: &Path) -> Option<Tool> {
        find(choice, std::slice::from_ref(&self.0), resolved)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work);
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|it| it.parse().unwrap()).collect()
}

#[test]
fn resolvconf_gets_a_line_for_each_server_and_the_delete_at_the_end() {
    let folder = Folder::new("resolvconf", &["resolvconf"]);
    run(async {
        let tool = folder.find(DnsChoice::Auto, Path::new("/nonexistent"));
        let mut dns = Dns::with(tool.unwrap(), "ikee0");
        assert_eq!(dns.tool(), Some("resolvconf"));
        dns.set(addresses(&["10.1.0.53", "fd00::53", "10.1.0.53"]));
        // told again: nothing new
        tokio::task::yield_now().await;
        dns.set(addresses(&["10.1.0.53", "fd00::53"]));
        tokio::time::sleep(Duration::from_millis(200)).await;
        dns.close().await;
    });
    assert_eq!(
        folder.log(),
        "resolvconf 2 -a ikee0.ikee\nnameserver 10.1.0.53\nnameserver fd00::53\nresolvconf 2 -d ikee0.ikee\n"
    );
}

#[test]
fn resolvectl_gets_the_servers_as_arguments_and_is_reverted() {
    let folder = Folder::new("resolvectl", &["resolvectl", "resolvconf"]);
    run(async {
        // systemd-resolved runs where its folder is
        let tool = folder.find(DnsChoice::Auto, &folder.0);
        let mut dns = Dns::with(tool.unwrap(), "ikee0");
        dns.set(addresses(&["10.1.0.53", "fd00::53"]));
        tokio::time::sleep(Duration::from_millis(200)).await;
        dns.close().await;
    });
    assert_eq!(
        folder.log(),
        "resolvectl 4 dns ikee0 10.1.0.53 fd00::53\nresolvectl 2 revert ikee0\n"
    );
}

#[test]
fn addresses_that_are_no_servers_are_not_passed_on() {
    let folder = Folder::new("useless", &["resolvconf"]);
    run(async {
        let tool = folder.find(DnsChoice::Resolvconf, Path::new("/nonexistent"));
        let mut dns = Dns::with(tool.unwrap(), "ikee0");
        dns.set(addresses(&[
            "0.0.0.0",
            "127.0.0.1",
            "224.0.0.251",
            "::1",
            "::",
        ]));
        dns.close().await;
    });
    assert_eq!(folder.log(), "", "nothing was there to be passed on");
}

#[test]
fn without_a_program_or_when_told_so_they_are_only_shown() {
    let empty = Folder::new("empty", &[]);
    assert_eq!(empty.find(DnsChoice::Auto, &empty.0), None);
    let both = Folder::new("both", &["resolvectl", "resolvconf"]);
    assert_eq!(both.find(DnsChoice::Show, &both.0), None);
    fs::set_permissions(both.0.join("resolvconf"), Permissions::from_mode(0o644)).unwrap();
    assert_eq!(
        both.find(DnsChoice::Resolvconf, &both.0),
        None,
        "a file that nobody can run is no program"
    );
}

#[test]
fn a_program_that_fails_or_is_gone_harms_nobody() {
    let folder = Folder::new("failing", &[]);
    run(async {
        let mut dns = Dns::with(Tool::Resolvconf(folder.0.join("resolvconf")), "ikee0");
        dns.set(addresses(&["10.1.0.53"]));
        dns.close().await;
    });
}
