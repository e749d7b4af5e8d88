"""What the checks of channels share."""
import os, shutil, subprocess


class Skipped(Exception):
    """A tool or file that is not on this machine."""


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Skipped(tool)


def check(holds, text):
    if not holds:
        raise AssertionError(text)


def run(*command, code=0, **more):
    """Standard output of a command that must end with this code."""
    done = subprocess.run(command, capture_output=True, text=True, **more)
    check(done.returncode == code, f"`{' '.join(command)}` ended with {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done.stdout


def both(*command, code=0, **more):
    """Standard output and standard error, as one text, of a command that must end with this code."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    check(done.returncode == code, f"`{' '.join(command)}` ended with {done.returncode}, not {code}\n{done.stdout}")
    return done.stdout


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()
