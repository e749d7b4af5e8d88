{
  description = "X-rays compiled Go programs";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      forEach = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      # The number of the release, from the file that Cargo reads.
      version = (builtins.fromTOML (builtins.readFile ./Cargo.toml)).workspace.package.version;
    in
    {
      packages = forEach (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = "gospect";
          inherit version;
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          cargoBuildFlags = [ "--package" "gospect" "--bin" "gospect" ];
          # They compare with other tools and unpack stored programs; .ci/run runs them.
          doCheck = false;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          postInstall = ''
            $out/bin/gospect man --directory man
            installManPage man/*.1
            for shell in bash zsh fish; do $out/bin/gospect completions $shell > gospect.$shell; done
            installShellCompletion gospect.{bash,zsh,fish}
          '';
          meta = {
            description = "X-rays compiled Go programs";
            homepage = "https://github.com/gospect/gospect";
            license = [ pkgs.lib.licenses.mit pkgs.lib.licenses.asl20 ];
            mainProgram = "gospect";
          };
        };
      });

      apps = forEach (pkgs: {
        default = {
          type = "app";
          program = "${self.packages.${pkgs.system}.default}/bin/gospect";
        };
      });
    };
}
