#!/usr/bin/env node
// Starts the program of the platform package that npm has installed beside this one, with the same arguments, input and exit code.
"use strict";
const { spawnSync } = require("node:child_process");
const { constants } = require("node:os");

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
const ran = spawnSync(program, process.argv.slice(2), { stdio: "inherit", windowsHide: true });
if (ran.error) {
  console.error(`gospect: ${program}: ${ran.error.message}`);
  process.exit(2);
}
// As a shell says it: 128 and the number of the signal.
process.exit(ran.signal ? 128 + constants.signals[ran.signal] : ran.status);
