#!/bin/sh
cat > /etc/systemd/system/a.service <<EOF
[Service]
Environment=GOMEMLIMIT=1GB
ExecStart=/opt/a
EOF
kubectl apply -f - <<EOF
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
    - name: a
      image: example.com/a:1
      env:
        - name: GODEBUG
          value: gctraces=1
EOF
sudo tee /etc/b.service >/dev/null <<'EOF'
[Service]
Environment=GOMAXPROCS=auto
EOF
cat <<EOF
GOMEMLIMIT=1GB
EOF
