job "web" {
  group "web" {
    task "server" {
      driver = "docker"
      config {
        image = "example.com/web:1"
      }
      env {
        GODEBUG = "asynctimerchan=1"
        LEVEL   = "info"
      }
    }
  }
}
