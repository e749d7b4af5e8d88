go.mod
module example.com/a // x

go 1.26.1
toolchain go1.27.3
