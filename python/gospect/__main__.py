"""The command ``gospect``, by the library that ``import gospect`` loads."""

import signal
import sys

from . import _native


def main() -> int:
    # The command ends by signals as any program does; Python's handlers would wait until it is done.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Python starts without a standard output when it was closed.
    return _native.main(["gospect", *sys.argv[1:]], sys.stdout is not None)


if __name__ == "__main__":
    sys.exit(main())
