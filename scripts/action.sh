#!/usr/bin/env bash
# Implements action.yml: scans once, then writes every requested report from the same records. Inputs come as environment
# variables, so that no text from a workflow becomes part of a command.
set -euo pipefail

# One entry on each line; empty lines are skipped.
lines=()
while IFS= read -r line; do
	[[ -z "${line//[[:space:]]/}" ]] || lines+=("$line")
done <<<"${TARGETS:-}"
if ((${#lines[@]} == 0)); then
	echo "::error::gospect: the input \`targets\` is empty; name a file, directory, archive or image, one a line"
	exit 2
fi

# Splits into words without globbing: GitHub has no list inputs.
set -f
# shellcheck disable=SC2206
scan_args=(${SCAN_ARGS:-})
# shellcheck disable=SC2206
audit_args=(${ARGS:-})
# shellcheck disable=SC2206
verify_args=(${VERIFY_ARGS:-})
# shellcheck disable=SC2206
rebuild_args=(${REBUILD_ARGS:-})
set +f
[[ -z "${PROFILE:-}" ]] || audit_args+=(--profile "$PROFILE")
[[ -z "${POLICY:-}" ]] || audit_args+=(--policy "$POLICY")
[[ -z "${FAIL_ON:-}" ]] || audit_args+=(--fail-on "$FAIL_ON")

records="${RUNNER_TEMP:-${TMPDIR:-/tmp}}/gospect-records-$$.ndjson"
output() { echo "$1=$2" >>"${GITHUB_OUTPUT:-/dev/null}"; }
output records "$records"

code=0
gospect scan --quiet --format ndjson --output "$records" ${scan_args[@]+"${scan_args[@]}"} -- "${lines[@]}" || code=$?
if ((code)); then
	output exit-code "$code"
	exit "$code"
fi

# Reports first: they must exist even if the last command ends the job. That command says what is wrong with the inputs.
report() { gospect audit --quiet --format "$1" --output "$2" ${audit_args[@]+"${audit_args[@]}"} "records:$records" 2>/dev/null || true; }
if [[ -n "${SARIF:-}" ]]; then
	report sarif "$SARIF"
	output sarif "$SARIF"
fi
if [[ "${SUMMARY:-true}" == true && -n "${GITHUB_STEP_SUMMARY:-}" ]]; then
	report markdown "$records.md"
	[[ ! -f "$records.md" ]] || cat "$records.md" >>"$GITHUB_STEP_SUMMARY"
fi
output_args=()
if [[ -n "${OUTPUT:-}" ]]; then
	output_args=(--output "$OUTPUT")
	output report "$OUTPUT"
fi
gospect audit --quiet --format "${FORMAT:-github}" ${output_args[@]+"${output_args[@]}"} ${audit_args[@]+"${audit_args[@]}"} "records:$records" || code=$?

# As for every command: 2 comes before 1, and 1 before 3.
worse() {
	local rank
	for rank in 2 1 3; do
		if ((code == rank || $1 == rank)); then
			code=$rank
			break
		fi
	done
}

# The second run uses the cached answers of the first.
verify() { gospect verify --quiet --format "$1" --output "$2" ${verify_args[@]+"${verify_args[@]}"} "records:$records"; }
if [[ "${VERIFY:-false}" == true ]]; then
	verified=0
	verify text - || verified=$?
	if [[ "${SUMMARY:-true}" == true && -n "${GITHUB_STEP_SUMMARY:-}" ]]; then
		# A run that could not start has written nothing.
		verify markdown "$records.verify.md" 2>/dev/null || true
		[[ ! -f "$records.verify.md" ]] || cat "$records.verify.md" >>"$GITHUB_STEP_SUMMARY"
	fi
	worse "$verified"
fi

# A build takes minutes, so it runs once: the same report goes to the log and to the summary page.
if [[ -n "${REBUILD:-}" ]]; then
	rebuilt=0
	gospect rebuild --quiet --format markdown --output "$records.rebuild.md" --attestation "$records.rebuild.json" ${rebuild_args[@]+"${rebuild_args[@]}"} -- "$REBUILD" || rebuilt=$?
	if [[ -f "$records.rebuild.md" ]]; then
		cat "$records.rebuild.md"
		[[ "${SUMMARY:-true}" != true || -z "${GITHUB_STEP_SUMMARY:-}" ]] || cat "$records.rebuild.md" >>"$GITHUB_STEP_SUMMARY"
	fi
	[[ ! -f "$records.rebuild.json" ]] || output rebuild-statement "$records.rebuild.json"
	worse "$rebuilt"
fi
output exit-code "$code"
exit "$code"
