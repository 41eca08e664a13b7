"""Lists of hosts that agents may reach, and the addresses that none may lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain.egress import (
    NONE,
    SEARCH,
    Host,
    apart,
    canonical,
    is_public,
    may_reach,
    narrowed,
    of_bead,
    of_board,
    parse,
    written,
)
from halftui.errors import Misconfigured

BAD = [
    "*", "*.example.org", "example.*", "127.0.0.1", "1.1.1.1", "[::1]", "::1", "0x7f.1", "127.1",
    "2130706433", "1.0x1", "0177.0.0.1.", "localhost", "a.localhost", "printer.local", "db.internal",
    "router.lan", "x.corp", "x.home.arpa", "169.254.169.254", "metadata.google.internal", "org", "",
    ".example.org", "a..b.org", "-a.org", "a-.org", "a.org:0", "a.org:65536", "a.org:x", "a.org:",
    "a.org:443:1", "http://a.org", "a.org/x", "ann@a.org", "a.org\x00", "bücher.example", "①.example",
    "a" * 64 + ".org", "x." * 126 + "org", "a.org:４４３",
]  # fmt: skip


@pytest.mark.parametrize("text", [text for text in BAD if text])
def test_what_is_no_host_of_the_internet_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        parse(f"fine.example,{text}")


def test_a_list_is_read_and_written() -> None:
    hosts = parse("Packages.example.org., files.example.org:443 packages.example.org")
    assert hosts == (Host("packages.example.org"), Host("files.example.org", 443))
    assert written(hosts) == "packages.example.org,files.example.org:443"
    assert parse(written(hosts)) == hosts
    with pytest.raises(Misconfigured, match="too many"):
        parse(",".join(f"h{number}.example" for number in range(65)))


def test_a_host_without_a_port_is_meant_with_the_usual_ones() -> None:
    hosts = parse("a.example,b.example:8443")
    reached = {(name, port) for name in ("a.example", "b.example") for port in (22, 80, 443, 8443)
               if may_reach(hosts, name, port)}  # fmt: skip
    assert reached == {("a.example", 80), ("a.example", 443), ("b.example", 8443)}
    assert not may_reach(hosts, "x.a.example", 443)


def test_searching_the_web_stands_among_hosts_and_is_none() -> None:
    board = of_board("a.example,web-search")
    assert board == "a.example,web-search"
    assert apart(narrowed(board, "")) == ((Host("a.example"),), True)
    assert apart(narrowed(board, of_bead("a.example"))) == ((Host("a.example"),), False)
    assert apart(narrowed(board, of_bead("web-search"))) == ((), True)
    assert apart(narrowed(board, NONE)) == apart(narrowed("a.example", "web-search")) == ((), False)
    assert canonical(SEARCH) == "", "no connection is ever for it"
    for text in ("web-search:443", "WEB-SEARCH", "websearch", "web-search.", "*.web-search"):
        with pytest.raises(Misconfigured):
            parse(text)


def test_a_bead_takes_of_its_board_and_adds_nothing() -> None:
    board = of_board("a.example,b.example:8443")
    assert narrowed(board, "") == parse(board)
    assert narrowed(board, NONE) == narrowed("", "a.example") == ()
    assert narrowed(board, of_bead("a.example:443")) == (Host("a.example", 443),)
    assert narrowed(board, of_bead("b.example,c.example")) == ()
    assert (of_board("none"), of_bead(" none "), of_bead("")) == ("", NONE, "")


@given(st.text(max_size=40))
def test_a_name_has_one_way_to_be_written(name: str) -> None:
    found = canonical(name)
    assert found == canonical(found)
    assert found == "" or (found.isascii() and found == found.lower() and "*" not in found)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "192.0.0.192", "224.0.0.1", "239.255.255.250",
        "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "168.63.129.16", "::", "::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fc00::1",
        "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1",
        "", "example.org", "127.0.0.1:80",
    ],
)  # fmt: skip
def test_an_address_of_ones_own_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:2800:21f:cb07::1", "::ffff:1.1.1.1"])
def test_an_address_of_the_internet_is(address: str) -> None:
    assert is_public(address)
