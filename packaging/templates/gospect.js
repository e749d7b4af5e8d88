#!/usr/bin/env node
// Starts the program of the platform package that npm has installed beside this one, with the same arguments, input and exit code.
"use strict";
const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { isatty } = require("node:tty");

const name = `@SCOPE@/${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "gospect.exe" : "gospect";
let program = process.env.GOSPECT_BINARY;
if (!program) {
  try {
    program = require.resolve(`${name}/bin/${file}`);
  } catch {
    console.error(
      `gospect: the package ${name} is not installed. Either there is no gospect for ${process.platform} on ${process.arch} (then: cargo install ` +
        "gospect), or optional dependencies were left out (then: npm install --include=optional gospect).",
    );
    process.exit(2);
  }
}
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
// A terminal sends SIGINT and SIGHUP to the program too, and a second signal would end it before it has written its results.
const fromTerminal = [0, 1, 2].some(isatty) ? ["SIGINT", "SIGHUP"] : [];
let child;
const forward = (signal) => fromTerminal.includes(signal) || child.kill(signal);
// Before the start: node calls these only after this script has run to its end, when there is a child.
for (const signal of SIGNALS) process.on(signal, forward);
child = spawn(program, process.argv.slice(2), { stdio: "inherit", windowsHide: true });
child.on("error", (error) => {
  console.error(`gospect: ${program}: ${error.message}`);
  process.exit(2);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  // Ends by the same signal, so that a shell sees what ended the program.
  for (const own of SIGNALS) process.removeListener(own, forward);
  process.kill(process.pid, signal);
  // Where a signal does not end node (SIGKILL of another system), as a shell says it: 128 and the number of the signal.
  setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 1000);
});
