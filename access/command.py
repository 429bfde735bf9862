"""`python main.py access`: adds, lists and revokes grants; a running server applies a change within a second."""

import argparse
import getpass
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from access.register import Register
from access.roles import ROLES
from config.loader import add_options, load, parse_options
from errors import ExpressionError


def main(arguments: Sequence[str]) -> int:
    """The command line of `access`; returns the exit status."""
    options = parse_options(_parser(), arguments)
    try:
        register = Register(Path(load(vars(options), os.environ).access))
        {"add": _add, "list": _list, "logout": _log_out, "revoke": _revoke}[options.action](register, options)
    except ExpressionError as error:
        print(f"main.py access: {error}", file=sys.stderr)
        return 2
    return 0


def _add(register: Register, options: argparse.Namespace) -> None:
    password = _read_password(options.who) if options.password else None
    grant, secret = register.add(options.who, options.role, password)
    summary = f"{grant.name} may {grant.role}."
    if password is None:
        print(f"{summary} The token below is shown only now; it opens the page and the API alike:", file=sys.stderr)
        print(secret)
    else:
        print(f"{summary} The page asks for the name and the password.", file=sys.stderr)


def _read_password(name: str) -> str:
    """Read a password twice from the terminal, or from the first line of standard input if that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("Once more: ") != first:
        raise ExpressionError("the two are not the same; try again")
    return first


def _list(register: Register, _: argparse.Namespace) -> None:
    if not register.on:
        message = f"{register.path} is not there: whoever is at this machine may do everything, others nothing."
        print(message, file=sys.stderr)
        return
    grants = sorted(register.contents().grants.values(), key=lambda grant: grant.name)
    for grant in grants:
        since = time.strftime("%Y-%m-%d %H:%M", time.gmtime(grant.created))
        print(f"{grant.name}\t{grant.role}\t{grant.kind}\tsince {since} UTC")
    if not grants:
        print("Nobody may come in.", file=sys.stderr)


def _log_out(register: Register, options: argparse.Namespace) -> None:
    grant = register.end_all(options.who)
    print(
        f"{grant.name} is logged out everywhere, and may log in again with the same {grant.kind}. "
        "Who is not to come in any more: revoke.",
        file=sys.stderr,
    )


def _revoke(register: Register, options: argparse.Namespace) -> None:
    grant = register.revoke(options.who)
    print(f"{grant.name} may come in no more; open streams end within seconds.", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py access",
        allow_abbrev=False,
        description="Say who may come in. From the first one on, everybody else is asked to log in.",
        epilog="watch: what the cameras show. analyse: also pictures, videos, one's own camera, records. "
        "operate: everything, such as /metrics.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|logout|revoke")
    add_help = "let somebody in, by a token that is shown once, or by a password"
    add = actions.add_parser("add", help=add_help, allow_abbrev=False)
    add.add_argument("who", metavar="NAME", help="a person or a program")
    add.add_argument("--role", choices=ROLES, required=True, help="what they may do")
    add.add_argument("--password", action="store_true", help="ask for a password instead of making a token")
    listing = actions.add_parser("list", help="tell who may come in", allow_abbrev=False)
    logout_help = "log somebody out of every browser; they may log in again"
    logout = actions.add_parser("logout", help=logout_help, allow_abbrev=False)
    revoke = actions.add_parser("revoke", help="let somebody in no more", allow_abbrev=False)
    for action in (logout, revoke):
        action.add_argument("who", metavar="NAME", help="as it was added")
    for action in (add, listing, logout, revoke):
        add_options(action, groups=("access",))
    return parser
