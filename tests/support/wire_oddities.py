"""What stands in a mutated request where something else should: text that frames it."""

from collections.abc import Callable

ENDS = (
    b"\n",
    b"\r",
    b"\n\r",
    b"\r\r\n",
    b"\r\n\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"\r\n\t",
    b"",
)
COLONS = (b" :", b"\t:", b" : ", b":\t", b": \t ", b"::", b"\0:", b":\0", b":\v", b"")
BLANKS = (b"  ", b"\t", b" \t", b"", b"\0", b"\v", b"\xa0", b"\r", b"\n", b"\r\n")
METHODS = (
    *(b"get", b"G", b"", b"GE T", b"G\0T", b"UNREAD", b"TRACE", b"CONNECT", b"POST#"),
    *(b"M-SEARCH", b"A_B", b"LONGER" * 5, b"PRI", b"\r\nGET", b"\r\n\r\nGET", b" GET"),
)
TARGETS = (
    *(b"*", b"http://a/v1/model", b"http://b:1/health?a", b"HTTP://A", b"https://a/x"),
    *(b"a:443", b"health", b"/a b", b"/\xff", b"/\x7f", b"/\x01", b"/#a", b"/%zz", b""),
    *(
        b"http://[/",
        b"/" + 9000 * b"a",
        b"/?" + 100 * b"a",
        b"/a?b#c",
        b"ftp://a/health",
    ),
)
VERSIONS = (
    *(b"HTTP/1.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/1.10", b"HTTP/2.0", b"HTTP/3"),
    *(
        b"http/1.1",
        b"HTTP/1.",
        b"HTTP/01.1",
        b"HTTP/1.1 ",
        b"HTTP /1.1",
        b"",
        b"HTTP/1,1",
    ),
    b"HTTP/1.\xb2",
)
LENGTHS = (
    *(b"0", b"1", b"5", b"400", b"+5", b"-1", b"5 ", b"\t5", b"5, 5", b"0x5", b"0005"),
    *(
        b"99999999999999999999",
        b"9000000",
        b"",
        b"\xb2",
        b"5\0",
        b"1_0",
        b"5;a",
        b"5.0",
    ),
)
CODINGS = (
    *(b"chunked", b"Chunked", b"identity", b"gzip", b"gzip, chunked", b"chunked, gzip"),
    *(
        b"chunked, chunked",
        b"\vchunked",
        b"xchunked",
        b"chunked;a=b",
        b'"chunked"',
        b"",
    ),
    *(b", chunked", b"chunked,", b"identity, chunked", b"chunked\0", b"chunked\r\n "),
)
FIELDS = (
    *(b"Content-Length: " + length for length in LENGTHS),
    *(b"Transfer-Encoding: " + coding for coding in CODINGS),
    *(b"Content_Length: 5", b"Content-Length : 5", b"Content-Length\0: 5"),
    *(b"Transfer_Encoding: chunked", b"Transfer-Encoding\t: chunked", b"\xff: a"),
    *(
        b"Host: b",
        b"Host: a, b",
        b"Host: a b",
        b"Host:",
        b"host: a",
        b"Host: [::1",
        b":a",
    ),
    *(
        b"Expect: 100-Continue",
        b"Expect: x",
        b"Expect: 100-continue, x",
        b" folded",
        b"a",
    ),
    *(b"Connection: close", b"Connection: keep-alive, close", b"Connection: X-API-Key"),
    *(
        b"Connection: Content-Length",
        b"Connection: upgrade",
        b"Upgrade: h2c",
        b"A: \x01",
    ),
    *(b"X_Request_ID: smuggled", b"X-Request-ID: smuggled", b"A: \x7f", b"A: a\rB: b"),
    *(
        b"Proxy-Connection: close",
        b"Keep-Alive: timeout=1",
        b"Trailer: X-Sum",
        b"A: \xff",
    ),
    *(b"Content-Type: text/csv", b"X: " + 9000 * b"a", b"X: " + 40000 * b"a", b"@: a"),
    b"\r\n".join(b"A%d: a" % number for number in range(101)),
)
SIZES: tuple[Callable[[int], bytes], ...] = (
    *(lambda size: b"%x" % (size + 1), lambda size: b"%x" % max(0, size - 1)),
    *(
        lambda size: b"0x%x" % size,
        lambda size: b"+%x" % size,
        lambda size: b"-%x" % size,
    ),
    *(
        lambda size: b" %x" % size,
        lambda size: b"%x " % size,
        lambda size: b"%x\t;a" % size,
    ),
    *(lambda size: b"%030x" % size, lambda size: b"1%016x" % size, lambda _: b"f" * 16),
    *(
        lambda size: b"%x;\r" % size,
        lambda size: b"%x;\n" % size,
        lambda size: b"%xg" % size,
    ),
    *(lambda size: b'%x;a="\\' % size, lambda size: b"%x;\0" % size, lambda _: b""),
    *(lambda size: b"%x;" % size + 5000 * b"a", lambda _: b"7fffffff", lambda _: b"0"),
)
