use super::testing::Memory;
use super::*;

const STATUS: &[u8] = b"Package: acme
Status: install ok installed
Architecture: amd64
Source: acme-src (2.0-1)
Version: 1:2.0-1+b1
Description: text
 Version: none

Package: acme
Status: hold ok unpacked
Architecture: i386
Version: 9

package: gone
status: deinstall ok config-files
version: 3
";

fn bounds() -> DatabaseLimits {
    DatabaseLimits::new(64 << 20, &Limits::default())
}

fn open(files: &Memory, bounds: DatabaseLimits) -> (Databases, Vec<DatabaseProblem>) {
    let mut problems = Vec::new();
    let database = Databases::open(files, bounds, &mut |problem| problems.push(problem));
    (database, problems)
}

/// Name and version of the owner, the algorithm compared, and the note.
fn owner(
    files: &Memory,
    path: &str,
    digest: Option<&[u8]>,
) -> (Option<String>, Option<String>, Option<String>) {
    let (database, problems) = open(files, bounds());
    assert_eq!(problems, []);
    let owned = database.owner(files, path.as_bytes(), &mut |_| digest.map(<[u8]>::to_vec));
    let name = |owner: &Owner| format!("{} {}", owner.name, owner.version);
    (
        owned.owner.as_deref().map(name),
        owned
            .owner
            .and_then(|owner| owner.compared.as_ref().map(ToString::to_string)),
        owned.note.map(|note| note.to_string()),
    )
}

fn named(name: &str) -> (Option<String>, Option<String>, Option<String>) {
    (Some(name.to_owned()), None, None)
}

#[test]
fn a_path_belongs_to_the_installed_package_that_lists_it() {
    let files = Memory::new(&[
        ("/var/lib/dpkg/status", STATUS),
        (
            "/var/lib/dpkg/info/acme:amd64.list",
            b"/.\n/bin\n/bin/acme\n",
        ),
        (
            "/var/lib/dpkg/info/acme:i386.list",
            b"/usr/lib/acme/helper\r\n",
        ),
        ("/var/lib/dpkg/info/gone.list", b"/usr/bin/gone\n"),
        ("/etc/os-release", b"ID=debian\nVERSION_ID=12\n"),
    ])
    .link("/bin", "/usr/bin");
    assert_eq!(
        owner(&files, "/usr/bin/acme", None),
        named("acme 1:2.0-1+b1")
    );
    assert_eq!(owner(&files, "/usr/lib/acme/helper", None), named("acme 9"));
    for other in ["/usr/bin/gone", "/usr/bin/other", "/opt/acme", "/acme"] {
        assert_eq!(owner(&files, other, None), (None, None, None), "{other}");
    }
    let (database, _) = open(&files, bounds());
    let claims = database.claims(&files, b"/usr/bin/acme");
    let [claim] = claims.as_slice() else {
        panic!("{claims:?}")
    };
    assert_eq!(
        claim.owner,
        Owner {
            kind: "deb".into(),
            name: "acme".into(),
            version: "1:2.0-1+b1".into(),
            arch: Some("amd64".into()),
            distribution: Some("debian".into()),
            release: Some("12".into()),
            source: Some(gospect_record::SourcePackage {
                name: "acme-src".into(),
                version: Some("2.0-1".into()),
            }),
            how: "dpkg".into(),
            compared: None,
        }
    );
}

#[test]
fn a_file_that_was_replaced_has_no_owner_and_a_note() {
    let files = Memory::new(&[
        ("/var/lib/dpkg/status", STATUS),
        ("/var/lib/dpkg/info/acme.list", b"/usr/bin/acme\n"),
        (
            "/var/lib/dpkg/info/acme.md5sums",
            b"00112233445566778899aabbccddeeff  usr/bin/acme\n",
        ),
    ]);
    let same = [
        0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
        0xff,
    ];
    let (name, compared, note) = owner(&files, "/usr/bin/acme", Some(&same));
    assert_eq!(
        (name.as_deref(), compared.as_deref(), note),
        (Some("acme 1:2.0-1+b1"), Some("md5"), None)
    );
    let (name, _, note) = owner(&files, "/usr/bin/acme", Some(&[0; 16]));
    assert_eq!(name, None);
    assert!(
        note.unwrap().contains("acme 1:2.0-1+b1"),
        "names the package"
    );
    assert_eq!(
        owner(&files, "/usr/bin/acme", None),
        named("acme 1:2.0-1+b1")
    );
}

#[test]
fn a_diverted_file_stays_with_its_package() {
    let status = b"Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 2\n";
    let files = Memory::new(&[
        ("/var/lib/dpkg/status", status),
        ("/var/lib/dpkg/info/a.list", b"/usr/bin/tool\n"),
        ("/var/lib/dpkg/info/b.list", b"/usr/bin/tool\n"),
        (
            "/var/lib/dpkg/diversions",
            b"/usr/bin/tool\n/usr/bin/tool.real\nb\n",
        ),
    ]);
    assert_eq!(owner(&files, "/usr/bin/tool", None), named("b 2"));
    assert_eq!(owner(&files, "/usr/bin/tool.real", None), named("a 1"));
}

#[test]
fn broken_databases_are_reported_once_and_the_others_count() {
    let files = Memory::new(&[
        ("/var/lib/dpkg/status", STATUS),
        ("/var/lib/dpkg/info/acme.list", b"/usr/bin/acme\n"),
        ("/lib/apk/db/installed", b"\x00\x01\x02 no database"),
        ("/var/lib/rpm/rpmdb.sqlite", b"SQLite format 3\0 cut"),
        ("/usr/lib/sysimage/rpm/Packages.db", b"RpmP"),
        ("/usr/share/rpm/Packages", &[7; 600]),
    ]);
    let (database, problems) = open(&files, bounds());
    let mut paths: Vec<&str> = problems.iter().map(|p| p.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "/lib/apk/db/installed",
            "/usr/lib/sysimage/rpm/Packages.db",
            "/usr/share/rpm/Packages",
            "/var/lib/rpm/rpmdb.sqlite"
        ]
    );
    assert!(
        problems
            .iter()
            .all(|p| p.reason == Reason::Malformed && !p.detail.is_empty())
    );
    assert_eq!(database.claims(&files, b"/usr/bin/acme").len(), 1);
}

#[test]
fn names_beyond_the_limit_are_reported() {
    let files = Memory::new(&[
        ("/var/lib/dpkg/status", STATUS),
        (
            "/var/lib/dpkg/info/acme.list",
            b"/usr/bin/acme\n/a\n/b\n/c\n",
        ),
    ]);
    let small = DatabaseLimits {
        part: 40,
        ..bounds()
    };
    let (database, problems) = open(&files, small);
    assert!(database.is_empty());
    assert_eq!(problems[0].reason, Reason::Limit);
    let few = DatabaseLimits {
        names: 2,
        ..bounds()
    };
    let (database, problems) = open(&files, few);
    assert_eq!((problems.len(), problems[0].reason), (1, Reason::Limit));
    assert_eq!(database.claims(&files, b"/usr/bin/acme").len(), 1);
    assert_eq!(database.claims(&files, b"/c").len(), 0);
    let poor = DatabaseLimits {
        claims: 1,
        ..bounds()
    };
    let (database, _) = open(&files, poor);
    let asked = (0..3).map(|_| database.claims(&files, b"/usr/bin/acme").len());
    assert_eq!(asked.sum::<usize>(), 1, "reading again has an end");
}

/// A root whose dpkg, apk and status.d databases have this many packages, each with one file `/usr/bin/N/tool`.
fn many_packages(count: usize) -> Vec<(Memory, &'static str)> {
    let (mut status, mut installed) = (String::new(), String::new());
    let mut infos = Vec::new();
    let mut parts = Vec::new();
    for n in 0..count {
        let stanza = format!("Package: p{n:09}\nStatus: install ok installed\nVersion: 1\n\n");
        infos.push((
            format!("/var/lib/dpkg/info/p{n:09}.list"),
            format!("/usr/bin/{n}/tool\n"),
        ));
        parts.push((format!("/var/lib/dpkg/status.d/p{n:09}"), stanza.clone()));
        let sum = format!("{:032x}  usr/bin/{n}/tool\n", n);
        parts.push((format!("/var/lib/dpkg/status.d/p{n:09}.md5sums"), sum));
        status += &stanza;
        installed += &format!("P:p{n}\nV:1\nF:usr/bin/{n}\nR:tool\n\n");
    }
    infos.push(("/var/lib/dpkg/status".to_owned(), status));
    let root = |files: &[(String, String)]| {
        let files = files.iter().map(|(p, b)| (p.as_str(), b.as_bytes()));
        Memory::new(&files.collect::<Vec<_>>())
    };
    let apk = ("/lib/apk/db/installed".to_owned(), installed);
    vec![
        (root(&infos), "/var/lib/dpkg/status"),
        (root(&parts), "/var/lib/dpkg/status.d"),
        (root(&[apk]), "/lib/apk/db/installed"),
    ]
}

#[test]
fn packages_beyond_the_bound_are_not_known_and_that_is_said() {
    assert_eq!(bounds().packages, 200_000);
    let few = DatabaseLimits {
        packages: 3,
        ..bounds()
    };
    for (files, path) in many_packages(3) {
        let (_, problems) = open(&files, few);
        assert_eq!(problems, [], "{path}: exactly as many as are allowed");
    }
    for (files, path) in many_packages(5) {
        let (database, problems) = open(&files, few);
        let [problem] = problems.as_slice() else {
            panic!("{path}: {problems:?}");
        };
        assert_eq!(
            (problem.path.as_str(), problem.reason),
            (path, Reason::Limit)
        );
        assert!(
            problem.detail.contains("more than 3 packages"),
            "{problem:?}"
        );
        let known = |n: usize| {
            database
                .claims(&files, format!("/usr/bin/{n}/tool").as_bytes())
                .len()
        };
        assert_eq!(
            [known(0), known(2), known(3), known(4)],
            [1, 1, 0, 0],
            "{path}"
        );
    }
}

#[test]
fn look_ups_of_one_name_are_bounded() {
    for (files, path) in many_packages(300) {
        let (database, problems) = open(&files, bounds());
        assert_eq!(problems, []);
        let known = |n: usize| {
            database
                .claims(&files, format!("/usr/bin/{n}/tool").as_bytes())
                .len()
        };
        let all = (0..300).map(known).sum::<usize>();
        assert_eq!((all, known(255), known(299)), (256, 1, 0), "{path}");
    }
}

#[test]
fn many_architectures_of_one_package_take_one_search() {
    // Each list belongs to one of very many packages of the same name: comparing it with all of them would take hours.
    const MANY: usize = 100_000;
    let mut status = String::new();
    let mut files = Vec::new();
    for n in 0..MANY {
        status += &format!(
            "Package: p\nStatus: install ok installed\nArchitecture: a{n}\nVersion: {n}\n\n"
        );
        files.push((
            format!("/var/lib/dpkg/info/p:a{n}.list"),
            format!("/usr/bin/t{n}\n"),
        ));
    }
    files.push(("/var/lib/dpkg/status".to_owned(), status));
    let files: Vec<_> = files
        .iter()
        .map(|(p, b)| (p.as_str(), b.as_bytes()))
        .collect();
    let files = Memory::new(&files);
    let (database, problems) = open(&files, DatabaseLimits::new(1 << 30, &Limits::default()));
    assert_eq!(problems, []);
    let version = |n: usize| {
        let claims = database.claims(&files, format!("/usr/bin/t{n}").as_bytes());
        claims.first().map(|claim| claim.owner.version.clone())
    };
    assert_eq!(version(MANY - 1).as_deref(), Some("99999"));
    assert_eq!(version(0).as_deref(), Some("0"));
}

#[test]
fn database_files_are_recognised_by_name() {
    for name in [
        "var/lib/dpkg/status",
        "./var/lib/dpkg/info/libc6:amd64.list",
        "/var/lib/dpkg/status.d/base",
        "var/lib/rpm/Packages",
        "usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
        "lib/apk/db/installed",
        "etc/os-release",
    ] {
        assert!(is_part(name.as_bytes()), "{name}");
    }
    for name in [
        "var/lib/dpkg/info/libc6.postinst",
        "var/lib/dpkg/status-old",
        "usr/bin/dpkg",
        "srv/var/lib/dpkg/status",
        "etc/passwd",
    ] {
        assert!(!is_part(name.as_bytes()), "{name}");
    }
    assert!(may_be_owned(b"./usr/bin/x") && may_be_owned(b"opt/x"));
    assert!(!may_be_owned(b"usr/local/bin/x") && !may_be_owned(b"app"));
}

#[test]
fn packages_say_what_they_are() {
    let control = b"Package: acme\nVersion: 1.0\nArchitecture: all\n";
    let owner = dpkg::of_control(control).unwrap();
    assert_eq!(
        (owner.how.as_str(), owner.arch.as_deref()),
        ("package", Some("all"))
    );
    let alpine = b"# Generated by abuild\npkgname = acme\npkgver = 1-r0\narch = x86_64\n";
    assert_eq!(apk::of_pkginfo(alpine).unwrap().version, "1-r0");
    let arch = b"# Generated by makepkg\npkgname = acme\npkgbase = acme\npkgver = 1-1\n";
    assert_eq!(apk::of_pkginfo(arch), None);
    assert_eq!(dpkg::of_control(b""), None);
}

#[cfg(unix)]
#[test]
fn links_in_a_directory_never_lead_out_of_the_root() {
    use std::os::unix::fs::symlink;
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("root");
    std::fs::create_dir_all(root.join("usr/lib")).unwrap();
    std::fs::write(scratch.path().join("secret"), "outside").unwrap();
    std::fs::write(root.join("usr/lib/file"), "inside").unwrap();
    for (target, link) in [
        ("usr/lib", "lib"),
        ("/usr/lib/file", "absolute"),
        ("../secret", "out"),
        ("../../../../../usr/lib/file", "up"),
        ("loop", "loop"),
        ("/dev/zero", "device"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    let files = directory::DirectoryRoot::new(&root);
    let read = |path: &str| {
        let file = files.open(path.as_bytes()).unwrap()?;
        Some(String::from_utf8(whole(&*file, 100).unwrap()?).unwrap())
    };
    for path in ["/lib/file", "/absolute", "/up", "/usr/../lib/./file"] {
        assert_eq!(read(path).as_deref(), Some("inside"), "{path}");
    }
    for path in ["/out", "/loop", "/device", "/usr/lib", "/nothing"] {
        assert_eq!(read(path), None, "{path}");
    }
    assert_eq!(files.resolve(b"/lib/file").unwrap(), b"/usr/lib/file");
    assert_eq!(files.list(b"/lib"), [b"file".to_vec()]);
}
