#!/bin/sh
# Tabs before the lines are not part of the manifest.
kubectl apply -f - <<-END
	apiVersion: v1
	kind: Pod
	metadata:
	  name: orders
	spec:
	  containers:
	    - name: api
	      image: orders
	      env:
	        - name: GOMEMLIMIT
	          value: 512MB
	END
