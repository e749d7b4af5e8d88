class Gospect < Formula
  desc "@SUMMARY@"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

@SOURCES@

  def install
    bin.install "gospect"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/gospect.bash" => "gospect"
    zsh_completion.install "completions/_gospect"
    fish_completion.install "completions/gospect.fish"
    doc.install "README.md", "CHANGELOG.md"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/gospect --version")
    (testpath/"not-go").write "text"
    assert_match "0 Go", shell_output("#{bin}/gospect scan --color never #{testpath}/not-go 2>&1")
  end
end
