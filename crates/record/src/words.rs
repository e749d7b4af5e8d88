//! The closed sets of words that records use. A new word is one row here.

use super::word::words;

words! {
    /// How much was read of each program.
    #[derive(Default)]
    pub enum Level {
        /// The build info alone, with a handful of small reads.
        BuildInfo = "build-info",
        /// All facts, with their evidence.
        #[default]
        Full = "full",
    }

    /// Why something was not examined.
    pub enum Reason {
        /// The system reported an error.
        Unreadable = "unreadable",
        /// It ends too early.
        Truncated = "truncated",
        /// It contradicts its own format or checksum.
        Malformed = "malformed",
        /// A limit was reached.
        Limit = "limit",
        /// It is encrypted.
        Encrypted = "encrypted",
        /// Its format, method or version is not supported.
        Unsupported = "unsupported",
        /// A packed program that cannot be unpacked.
        Packed = "packed",
        /// A symbolic link that was not followed.
        Link = "link",
        /// A virtual file system of the kernel, which stores no files.
        Pseudo = "pseudo-file-system",
        /// A bug in gospect.
        Internal = "internal-error",
    }

    /// The format of an executable file.
    pub enum Format {
        /// Executable and Linkable Format.
        Elf = "elf",
        /// Mach-O.
        MachO = "macho",
        /// Portable Executable.
        Pe = "pe",
        /// AIX XCOFF.
        Xcoff = "xcoff",
        /// Plan 9 a.out.
        Plan9 = "plan9",
        /// WebAssembly.
        Wasm = "wasm",
    }

    /// What a package can do, by capslock's names (<https://github.com/google/capslock>, docs/capabilities.md there).
    pub enum Capability {
        /// Run machine code that is not compiled Go.
        ArbitraryExecution = "ARBITRARY_EXECUTION",
        /// Call C code.
        Cgo = "CGO",
        /// Start processes.
        Exec = "EXEC",
        /// Read and write files.
        Files = "FILES",
        /// Change the working directory.
        Chdir = "MODIFY_SYSTEM_STATE/CHDIR",
        /// Change environment variables.
        Env = "MODIFY_SYSTEM_STATE/ENV",
        /// Redirect the standard logger.
        Logging = "MODIFY_SYSTEM_STATE/LOGGING",
        /// Handle signals.
        Signals = "MODIFY_SYSTEM_STATE/SIGNALS",
        /// Use the network.
        Network = "NETWORK",
        /// Use the operating system in other ways.
        OperatingSystem = "OPERATING_SYSTEM",
        /// Read environment variables and the state of the system.
        ReadSystemState = "READ_SYSTEM_STATE",
        /// Call and change what it finds by reflection.
        Reflect = "REFLECT",
        /// Change how the Go runtime works.
        Runtime = "RUNTIME",
        /// Make system calls.
        SystemCalls = "SYSTEM_CALLS",
        /// Change pointers without type checks.
        UnsafePointer = "UNSAFE_POINTER",
    }

    /// Byte order.
    pub enum Endian {
        /// Least significant byte first.
        Little = "little",
        /// Most significant byte first.
        Big = "big",
    }

    /// The kind of an executable file.
    pub enum ExecutableKind {
        /// A program for fixed addresses.
        Exe = "exe",
        /// A program for any address (position independent).
        Pie = "pie",
        /// Shared library.
        Shared = "shared",
        /// Go plugin. The headers say `shared`; the recorded build mode tells the difference.
        Plugin = "plugin",
        /// Relocatable object.
        Object = "object",
    }

    /// A part of an executable file, in the coarse terms by which two builds are compared.
    pub enum Part {
        /// Build info and build IDs.
        Record = "record",
        /// Instructions.
        Code = "code",
        /// What the running program reads or writes: constants, variables, tables.
        Data = "data",
        /// Symbols and debug information, which the running program does not read.
        Debug = "debug",
        /// The signature of the platform.
        Signature = "signature",
        /// Headers, padding, and everything else.
        Other = "other",
        /// What surrounds the programs in a universal file.
        Container = "container",
    }

    /// Where the names of linked functions are from.
    pub enum FunctionSource {
        /// The table that the program has for its own stack traces, which `strip` leaves alone: pclntab, or its predecessor in Go 1.0 and 1.1.
        FunctionTable = "function-table",
        /// The symbol table of the executable format.
        SymbolTable = "symbol-table",
        /// Debug information.
        Dwarf = "dwarf",
    }

    /// The compiler of a program.
    pub enum Compiler {
        /// The Go project's own compiler, and its forks.
        Gc = "gc",
        /// The Go front end of GCC.
        Gccgo = "gccgo",
        /// TinyGo, on LLVM.
        TinyGo = "tinygo",
    }

    /// A package format of distributions.
    pub enum PackageKind {
        /// Debian and its derivatives.
        Deb = "deb",
        /// Red Hat, SUSE and their derivatives.
        Rpm = "rpm",
        /// Alpine and its derivatives.
        Apk = "apk",
    }

    /// How the package of a file is known.
    pub enum OwnerSource {
        /// The database of dpkg.
        Dpkg = "dpkg",
        /// The database of apk.
        Apk = "apk",
        /// The SQLite database of rpm.
        RpmSqlite = "rpm-sqlite",
        /// The ndb database of rpm.
        RpmNdb = "rpm-ndb",
        /// The Berkeley DB of rpm.
        RpmBdb = "rpm-bdb",
        /// The package file itself.
        Package = "package",
    }

    /// A digest algorithm of package databases.
    pub enum Algorithm {
        /// dpkg, and rpm before 4.6.
        Md5 = "md5",
        /// apk.
        Sha1 = "sha1",
        /// rpm.
        Sha256 = "sha256",
    }

    /// Where the build info came from.
    pub enum BuildInfoSource {
        /// Where Go's own reader looks: the named section, or the start of the data for PE, XCOFF and Plan 9.
        Section = "section",
        /// A writable segment.
        Segment = "segment",
        /// The linker strings `runtime.modinfo` and `runtime.buildVersion`.
        LinkerStrings = "linker-strings",
        /// A scan of the file.
        Scan = "scan",
    }

    /// Whether the build info of a program lists its modules.
    pub enum ModuleList {
        /// It lists them all.
        Recorded = "recorded",
        /// It lists none, and only the main package and the standard library are linked in: built from files outside a module.
        Empty = "empty",
        /// Lines of the list are damaged.
        Cut = "cut",
        /// Unknown: built in GOPATH mode (`GO111MODULE=off`, or Go 1.10 and older).
        Gopath = "gopath",
        /// Unknown: a command of the Go distribution itself.
        Distribution = "distribution",
        /// Unknown: built by Bazel without module data.
        Bazel = "bazel",
        /// Unknown: the build info names no module, for no known reason.
        NotRecorded = "not-recorded",
        /// Unknown: there is no build info.
        NoRecord = "no-record",
    }

    /// Where a claim about the program's own version comes from.
    pub enum VersionSource {
        /// The version of the main module.
        MainModule = "main-module",
        /// A variable set by `-X` in the recorded `-ldflags`.
        XFlag = "x-flag",
        /// A linker string found in the program.
        LinkerString = "linker-string",
        /// The revision of the version control system.
        Vcs = "vcs",
        /// A label of the image.
        ImageLabel = "image-label",
        /// The name of the file.
        FileName = "file-name",
    }

    /// The kind of place that a GOROOT is.
    pub enum GorootOrigin {
        /// Where the archives and installers of the Go project put it.
        Official = "official",
        /// Where packages of distributions put it.
        Distribution = "distribution",
        /// A toolchain that the `go` command downloaded.
        ToolchainDownload = "toolchain-download",
        /// Below the home directory of a user.
        Home = "home",
        /// Below a directory for temporary files.
        Temp = "temp",
        /// Where continuous integration services keep it.
        Ci = "ci",
        /// Inside a build by Bazel.
        Bazel = "bazel",
        /// The store of Nix or Guix.
        Nix = "nix",
        /// Homebrew.
        Homebrew = "homebrew",
        /// Anywhere else.
        Other = "other",
    }

    /// Where a piece of evidence was seen.
    pub enum EvidenceSource {
        /// A symbol of the symbol table.
        Symbol = "symbol",
        /// The function table (pclntab) of Go 1.2 and newer.
        Pclntab = "pclntab",
        /// The symbol table of Go 1.1 and older.
        Gosymtab = "gosymtab",
        /// Debug information.
        Dwarf = "dwarf",
        /// A linker string.
        LinkerString = "linker-string",
        /// Machine code.
        Code = "code",
        /// The recorded linker flags.
        Ldflags = "-ldflags",
    }

    /// The meaning of `for` loops for their variable in the main module.
    pub enum Loopvar {
        /// A variable for each iteration: Go 1.22 and newer.
        PerIteration = "per-iteration",
        /// One variable for the whole loop.
        PerLoop = "per-loop",
    }

    /// Where the effective value of a GODEBUG setting comes from.
    pub enum GodebugOrigin {
        /// The toolchain's own default.
        Toolchain = "toolchain",
        /// `DefaultGODEBUG` in the build info.
        Recorded = "recorded",
        /// The linker string `runtime.godebugDefault`.
        Baked = "baked",
        /// The environment variable.
        Environment = "environment",
    }

    /// Whether a GODEBUG setting has an effect.
    pub enum GodebugStatus {
        /// It has an effect.
        Ok = "ok",
        /// Go reads it, but it changes nothing.
        NoEffect = "no-effect",
        /// This release does not know it.
        Unknown = "unknown",
        /// This release no longer knows it.
        Removed = "removed",
        /// The program dies at start because of it.
        Fatal = "fatal",
    }

    /// How much of an ELF program is read-only after relocation.
    pub enum Relro {
        /// Nothing.
        None = "none",
        /// Everything but the table of lazily bound functions.
        Partial = "partial",
        /// Everything.
        Full = "full",
    }

    /// The FIPS 140 mode at start.
    pub enum FipsMode {
        /// Off.
        Off = "off",
        /// On.
        On = "on",
        /// On; other algorithms fail.
        Only = "only",
    }

    /// Where the cryptography in a program comes from.
    pub enum Crypto {
        /// The standard library's own.
        Go = "go",
        /// BoringCrypto, by GOEXPERIMENT=boringcrypto.
        BoringCrypto = "boringcrypto",
        /// OpenSSL, through a fork of Go.
        OpenSsl = "openssl",
        /// Cryptography API: Next Generation of Windows.
        Cng = "cng",
        /// CommonCrypto of macOS.
        CommonCrypto = "commoncrypto",
    }

    /// The result of recomputing the FIPS 140 checksum.
    pub enum Checksum {
        /// The code and data have the recorded checksum.
        Valid = "valid",
        /// They have another one; with FIPS mode on the program ends at start.
        Invalid = "invalid",
        /// The file does not have what is needed.
        Unverifiable = "unverifiable",
    }

    /// What a program claims about itself.
    pub enum Claim {
        /// The text of the build info.
        BuildInfo = "build-info",
        /// The Go release.
        GoVersion = "go-version",
        /// The recorded GODEBUG defaults.
        Godebug = "godebug",
        /// The experiments.
        Experiments = "experiments",
        /// The modules.
        Modules = "modules",
        /// Operating system or architecture.
        Port = "port",
        /// `-buildmode`.
        BuildMode = "buildmode",
        /// `CGO_ENABLED`.
        Cgo = "cgo",
        /// `-race`.
        Race = "race",
        /// `-msan`.
        Msan = "msan",
        /// `-asan`.
        Asan = "asan",
        /// `-cover`.
        Cover = "cover",
        /// `-trimpath`.
        Trimpath = "trimpath",
        /// The header of a universal file.
        Slices = "slices",
    }

    /// The verdict on one claim. Nothing in the file is signed: a contradiction shows editing or an unusual build, a
    /// confirmation proves nothing.
    pub enum Verdict {
        /// The evidence agrees.
        Confirmed = "confirmed",
        /// The evidence disagrees.
        Contradicted = "contradicted",
        /// The evidence is not conclusive.
        Unverifiable = "unverifiable",
    }

    /// The kind of place that a path of the build host is.
    pub enum PathKind {
        /// The Go toolchain.
        Goroot = "goroot",
        /// Below the home directory of a user.
        Home = "home",
        /// Below a directory for temporary files.
        Temp = "temp",
        /// Below a directory of a continuous integration service.
        Ci = "ci",
        /// The module cache.
        ModuleCache = "module-cache",
        /// A directory of sources.
        Workspace = "workspace",
        /// Anywhere else.
        Other = "other",
    }
}
