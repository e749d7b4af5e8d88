$env:GODEBUG = "$($settings -join ','),http2server=0"
& ./orders.exe
