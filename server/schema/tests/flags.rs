//! Flags of `az aks`: windows noted by hand, and how words are understood.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use schema::az::{CliVersion, Command, Resolution, Takes, command};
use schema::resource_type;

fn create() -> Command {
    command("aks create").unwrap()
}

fn update() -> Command {
    command("aks update").unwrap()
}

fn release(text: &str) -> CliVersion {
    CliVersion::parse(text).unwrap()
}

#[test]
fn identity_flags_came_when_noted() {
    for (command, flag, first, absent) in [
        (create(), "--assign-identity", "2.15.0", Some("2.14.2")),
        (update(), "--assign-identity", "2.25.0", Some("2.22.1")),
        (create(), "--assign-kubelet-identity", "2.26.0", Some("2.25.0")),
        (update(), "--assign-kubelet-identity", "2.40.0", Some("2.36.0")),
        (update(), "--enable-managed-identity", "2.25.0", Some("2.22.1")),
        (create(), "--enable-managed-identity", "2.14.2", None),
        (create(), "--service-principal", "2.14.2", None),
        (create(), "--enable-oidc-issuer", "2.42.0", Some("2.40.0")),
        (update(), "--enable-workload-identity", "2.47.0", Some("2.42.0")),
        (update(), "--private-dns-zone", "2.57.0", Some("2.49.0")),
    ] {
        let flag = command.flag(flag).unwrap();
        assert!(flag.identity());
        assert_eq!((flag.first_seen(), flag.absent_in()), (Some(release(first)), absent.map(release)), "{flag:?}");
    }
    let kubelet = create().flag("--assign-kubelet-identity").unwrap();
    assert_eq!(kubelet.exists_in(release("2.21")), Some(false));
    assert_eq!(kubelet.exists_in(release("2.25.1")), None);
    assert_eq!(kubelet.exists_in(release("2.91.0")), Some(true));
}

#[test]
fn flags_belong_to_their_commands() {
    assert!(update().flag("--service-principal").is_none());
    assert!(create().flag("--detach-acr").is_none());
    assert!(command("aks update-credentials").unwrap().flag("--reset-service-principal").is_some());
    assert!(command("aks delete").is_none());
}

#[test]
fn unambiguous_prefixes_are_understood() {
    let flag = create().flag("--assign-kubelet-identity").unwrap();
    assert_eq!(create().resolve("--assign-kubelet"), Resolution::Abbreviated(flag));
    assert_eq!(create().resolve("--assign-kubelet-identity"), Resolution::Exact(flag));
    assert_eq!(
        create().resolve("--assign"),
        Resolution::Ambiguous(vec!["--assign-identity", "--assign-kubelet-identity"])
    );
    assert_eq!(create().resolve("--assign-kublet-identity"), Resolution::Unknown);
    assert_eq!(create().similar("--assign-kublet-identity").first(), Some(&"--assign-kubelet-identity"));
    let issuer = create().flag("--enable-oidc-issuer").unwrap();
    assert_eq!(create().resolve("--enable-oidc"), Resolution::Abbreviated(issuer));
    assert_eq!(create().resolve("--enable-pod-identity"), Resolution::PreviewOnly);
    assert_eq!(create().resolve("--debug"), Resolution::Global);
    assert_eq!(create().resolve("-o"), Resolution::Global);
    assert_eq!(create().resolve("--"), Resolution::Unknown);
    assert_eq!(create().resolve("-"), Resolution::Unknown);
    // Two spellings of one option are no doubt.
    assert!(matches!(create().resolve("--enable-control-plane"), Resolution::Abbreviated(_)));
}

#[test]
fn slips_seen_are_led_back() {
    for (slip, meant) in [
        ("--assign-kublet-identity", "--assign-kubelet-identity"),
        ("--assign-kubelete-identity", "--assign-kubelet-identity"),
        ("--assign-kubletidentity", "--assign-kubelet-identity"),
        ("--assign-kubelet-identities", "--assign-kubelet-identity"),
        ("--assign-identities", "--assign-identity"),
        ("--asign-identity", "--assign-identity"),
        ("--enable-manage-identity", "--enable-managed-identity"),
        ("--enable-managed-identities", "--enable-managed-identity"),
        ("--attach-arc", "--attach-acr"),
        ("--enable-workload-identities", "--enable-workload-identity"),
        ("--enable-oidc-issuer-url", "--enable-oidc-issuer"),
    ] {
        assert_eq!(create().resolve(slip), Resolution::Unknown, "{slip}");
        assert_eq!(create().similar(slip).first(), Some(&meant), "{slip}");
    }
}

#[test]
fn flags_know_what_follows_them() {
    for (flag, takes) in [
        ("--assign-identity", Takes::Value),
        ("--enable-managed-identity", Takes::Switch),
        ("--yes", Takes::Switch),
        ("-y", Takes::Switch),
        ("--tags", Takes::Many),
        ("--enable-msi-auth-for-monitoring", Takes::Optional),
        ("--name", Takes::Value),
    ] {
        assert_eq!(create().flag(flag).unwrap().takes(), takes, "{flag}");
    }
    let group = create().flag("-g").unwrap();
    assert_eq!(group.aliases().map(schema::az::Flag::name).collect::<Vec<_>>(), ["--resource-group"]);
    assert!(create().flag("--docker-bridge-address").unwrap().deprecated());
    assert!(!create().flag("--assign-identity").unwrap().deprecated());
}

#[test]
fn every_identity_flag_has_words_that_hold() {
    for command in schema::az::commands() {
        for flag in command.flags().filter(|flag| flag.identity()) {
            assert!(flag.doc().is_some(), "{command:?} {flag:?}");
        }
        for flag in command.preview_flags() {
            assert!(schema::az::doc(flag).is_some(), "{flag}");
        }
    }
    let known = |flag: &str| {
        schema::az::commands()
            .any(|command| command.flag(flag).is_some() || command.preview_flags().any(|name| name == flag))
    };
    let clusters = resource_type("Microsoft.ContainerService/managedClusters").unwrap();
    for flag in schema::az::commands().flat_map(Command::flags).filter_map(schema::az::Flag::doc) {
        for (name, needed) in flag.needs {
            assert!(command(name).unwrap().flag(needed).is_some(), "{} needs {needed} of {name}", flag.flag);
        }
        for other in flag.excludes.iter().chain(&flag.replaced_by) {
            assert!(known(other), "{}: {other}", flag.flag);
        }
        assert!(flag.property.is_empty() || clusters.canonical_path(flag.property).is_some(), "{}", flag.property);
    }
}
