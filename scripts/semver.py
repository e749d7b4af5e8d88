"""What a version of gospect may be: Semantic Versioning 2.0.0, https://semver.org/, without build metadata."""
import re

# A number without leading zeros; then words of a pre-release, where a word of digits has none either.
NUMBER = r"(?:0|[1-9][0-9]*)"
WORD = rf"(?:{NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
VERSION = rf"{NUMBER}\.{NUMBER}\.{NUMBER}(?:-{WORD}(?:\.{WORD})*)?"


def is_version(text):
    """Whether the whole text is a version."""
    return re.fullmatch(VERSION, text, re.ASCII) is not None
