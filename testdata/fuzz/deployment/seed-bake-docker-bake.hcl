variable "TAG" {
  default = "dev"
}
target "app" {
  dockerfile = "Dockerfile"
  args = {
    GOEXPERIMENT = "nosuchexperiment"
    TAG          = TAG
  }
}
