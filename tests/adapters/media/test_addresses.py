"""Which addresses are refused before a connection is made."""

import socket
from collections.abc import Sequence

import pytest

from adapters.media.addresses import Resolver, find_place, is_public, resolve_by_system
from schemas.errors import DownloadInterrupted, UrlRefused

PUBLIC = "93.184.216.34"
REFUSED = [
    # No https.
    *("http://example.com/a", "ftp://example.com/a", "file:///etc/passwd", "gopher://example.com/", "data:video/mp4,x"),
    *("//example.com/a", "example.com/a", "https:/example.com/a", "https:///a", "https://", "", "javascript:alert(1)"),
    # This machine and its neighbours.
    *("https://127.0.0.1/", "https://127.0.0.1:8443/", "https://127.255.255.254/", "https://0.0.0.0/", "https://0/"),
    *("https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.1.1/"),
    *("https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/", "https://100.127.255.255/"),
    *(
        "https://198.18.0.1/",
        "https://192.0.0.1/",
        "https://192.0.2.1/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
    ),
    *("https://192.88.99.1/", "https://224.0.0.1/", "https://239.255.255.250/", "https://240.0.0.1/"),
    *("https://255.255.255.255/",),
    # The same in IPv6, and IPv4 inside IPv6.
    *("https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fc00::1]/"),
    *("https://[fd12:3456::1]/", "https://[ff02::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
    *("https://[::127.0.0.1]/", "https://[::ffff:8.8.8.8]/", "https://[2002:7f00:1::]/", "https://[2002:808:808::]/"),
    *("https://[64:ff9b::127.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[64:ff9b:1::7f00:1]/"),
    *("https://[2001:db8::1]/", "https://[2001::7f00:1]/", "https://[2001:10::1]/", "https://[3fff::1]/"),
    *("https://[100::1]/", "https://[fec0::1]/", "https://[5f00::1]/", "https://[2606:4700::1%25eth0]/"),
    # Numbers that are not written as one reads them.
    *("https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.1/"),
    *("https://017700000001/", "https://0x7f.1/", "https://127.0.1/", "https://134744072/", "https://8.8.8/"),
    *("https://1.2.3.4.5/", "https://256.256.256.256/", "https://00000010.0.0.1/", "https://127.0.0.1./"),
    *("https://127。0。0。1/", "https://１２７.0.0.1/", "https://①②⑦.0.0.1/", "https://%31%32%37.0.0.1/"),
    # Names that are not what they look like.
    *("https://example.com@127.0.0.1/", "https://user:secret@example.com/", "https://127.0.0.1@example.com/"),
    *("https://example.com\\@127.0.0.1/", "https://127.0.0.1\\.example.com/", "https://example.com\t/", "https://a b/"),
    *("https://example.com\r\nHost: evil/", "https://example.com\x00.evil/", " https://example.com/", "https://[::1/"),
    *(
        "https://example.com./",
        "https://.example.com/",
        "https://a..b/",
        "https://-a.example/",
        "https://exa%6dple.com/",
    ),
    *("https://loc\u00adalhost/", "https://ⓛocalhost/", "https://example.com:0/", "https://example.com:65536/"),
    *("https://example.com:-1/", "https://example.com:port/", "https://a_b_.example/", "https://*.example.com/"),
    *("https://" + "a" * 64 + ".example/", "https://" + "a." * 130 + "example/", "https://example.com/" + "a" * 2_000),
]


def answering(*numbers: str) -> Resolver:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return numbers

    return resolve


def failing(error: Exception) -> Resolver:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise error

    return resolve


@pytest.mark.parametrize("url", REFUSED)
async def test_an_address_that_is_not_plainly_public_https_is_refused(url: str) -> None:
    """The resolver would answer with a public number: it is not what refuses."""
    with pytest.raises(UrlRefused) as caught:
        await find_place(url, (), answering(PUBLIC))
    assert "secret" not in str(caught.value)


def test_the_list_of_refused_addresses_is_long_enough() -> None:
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize("host", ["localhost", "ip6-localhost", "localhost.localdomain"])
async def test_a_name_of_this_machine_is_refused_by_what_the_system_answers(host: str) -> None:
    with pytest.raises((UrlRefused, DownloadInterrupted)):
        await find_place(f"https://{host}/", (), resolve_by_system)


@pytest.mark.parametrize("number", ["10.0.0.7", "::1", "169.254.169.254", "::ffff:10.0.0.7", "64:ff9b::10.0.0.7", "x"])
async def test_one_private_number_among_public_ones_is_enough_to_refuse(number: str) -> None:
    with pytest.raises(UrlRefused):
        await find_place("https://example.com/", (), answering(PUBLIC, number))


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://example.com/a?token=1", "example.com"),
        ("https://EXAMPLE.com:443/", "example.com"),
        ("https://example.com:8443/a%20b", "example.com:8443"),
        ("https://bücher.example/ü.mp4", "xn--bcher-kva.example"),
        ("https://my_bucket.example/", "my_bucket.example"),
        ("https://8.8.8.8/", "8.8.8.8"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]"),
    ],
)
async def test_a_public_address_is_taken_with_the_numbers_to_connect_to(url: str, authority: str) -> None:
    place = await find_place(url, (), answering(PUBLIC, "2606:4700::1111"))
    assert place.authority == authority
    assert all(map(is_public, place.numbers))


@pytest.mark.parametrize("number", [PUBLIC, "8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "2a00:1450:4001::1"])
def test_public_numbers_are_public(number: str) -> None:
    assert is_public(number)


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:9000"])
async def test_a_host_that_the_operator_allows_may_be_private_and_plain(allowed: str) -> None:
    place = await find_place("http://127.0.0.1:9000/a", [allowed], answering("127.0.0.1"))
    assert place.numbers == ("127.0.0.1",)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001/", "ftp://127.0.0.1:9000/", "http://evil@127.0.0.1:9000/"])
async def test_what_is_allowed_is_that_host_and_port_and_nothing_more(url: str) -> None:
    with pytest.raises(UrlRefused):
        await find_place(url, ["127.0.0.1:9000"], answering("127.0.0.1"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no"), UrlRefused),
        (socket.gaierror(socket.EAI_AGAIN, "later"), DownloadInterrupted),
        (OSError("no network"), DownloadInterrupted),
    ],
)
async def test_a_name_that_does_not_exist_is_told_from_a_resolver_that_is_away(
    error: Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        await find_place("https://example.com/", (), failing(error))


async def test_a_name_without_any_number_is_refused() -> None:
    with pytest.raises(UrlRefused):
        await find_place("https://example.com/", (), answering())
