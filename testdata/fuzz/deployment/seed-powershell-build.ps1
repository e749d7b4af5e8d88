<# go env -w GOROOT_FINAL=/x
   in a comment #>
param([string]$Version = "dev")
$ErrorActionPreference = "Stop"
$env:CGO_ENABLED = 0
$env:GOEXPERIMENT = "nosuchexperiment"
$Env:GOFLAGS = "-mod=readonly"
$root = (go env GOROOT_FINAL)
if ($LASTEXITCODE -ne 0) { exit 1 }
go build -ldflags "-s -w -X main.version=$Version" `
  -o dist/app.exe ./cmd/app
& go build -trimpath -o dist/other.exe ./cmd/other
go build $Flags -o dist/third.exe ./cmd/third
go build @more -o dist/fourth.exe
go env -w "GOROOT_FINAL=C:\go"   # refused
Write-Host "go env -w GOROOT_FINAL=/x"
$text = @"
go env -w GOROOT_FINAL=/y
"@
