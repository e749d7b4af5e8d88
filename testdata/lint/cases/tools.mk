TOOLS := hack/tools
gen:
	cd $(TOOLS); go build -tags=tools -o ../bin/gen ./gen
bin/other:
	go build -o $@ example.com/other/cmd
