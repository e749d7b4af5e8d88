# GODEBUG = "asynctimerchan=1" in a comment
variable "debug" {
  default = "asynctimerchan=1"
}

resource "kubernetes_deployment" "web" {
  spec {
    template {
      spec {
        container {
          name  = "web"
          image = "example.com/web:1.2"
          env {
            name  = "GODEBUG"
            value = "asynctimerchan=1"
          }
          env {
            name  = "GOEXPERIMENT"
            value = "greenteagc"
          }
          env {
            name  = "GODEBUG_FROM"
            value = var.debug
          }
        }
      }
    }
  }
}

resource "aws_ecs_task_definition" "web" {
  family = "web"
  container_definitions = jsonencode([
    {
      name  = "web"
      image = "${var.repository}:latest"
      environment = [
        { name = "GODEBUG", value = "nosuchsetting=1" },
        { name = "LEVEL", value = var.level },
      ]
    }
  ])
}

resource "aws_ecs_task_definition" "old" {
  family                = "old"
  container_definitions = <<EOF
[
  {
    "name": "old",
    "image": "example.com/old:1",
    "environment": [
      {"name": "GODEBUG", "value": "asynctimerchan=1"}
    ]
  }
]
EOF
}

resource "aws_lambda_function" "hook" {
  function_name = "hook"
  environment {
    variables = {
      GODEBUG = "asynctimerchan=1"
      OTHER   = "${var.x}"
    }
  }
}

resource "google_cloud_run_v2_service" "api" {
  template {
    containers {
      image = var.image
      env {
        name  = "GODEBUG"
        value = "${var.debug},nosuchsetting=1"
      }
    }
  }
}

resource "aws_codebuild_project" "ci" {
  environment {
    image = "aws/codebuild/standard:7.0"
    environment_variable {
      name  = "GOFLAGS"
      value = "-mod=mod"
    }
  }
}

module "service" {
  source = "./service"
  environment = {
    GODEBUG = "asynctimerchan=1"
  }
}

resource "null_resource" "build" {
  provisioner "local-exec" {
    command = "go env -w GOROOT_FINAL=/x"
  }
}
