module example.com/own/teller/v2

go 1.27
