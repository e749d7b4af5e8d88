#!/bin/sh
sed "s/@MEMORY@/$1/" <<END >orders.service
[Service]
Environment=GOMEMLIMIT=@MEMORY@
ExecStart=/opt/orders
END
