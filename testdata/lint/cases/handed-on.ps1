"GOMEMLIMIT=512MB" >> $env:GITHUB_ENV
Add-Content $env:GITHUB_ENV "GOGC=fifty"
Write-Output "GOMAXPROCS=auto" | Out-File $env:GITHUB_ENV
Add-Content notes.txt "GOGC=fifty"
Write-Host "GOGC=fifty"
