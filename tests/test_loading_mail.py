"""E-mails: headers in words, the best body, attachments named."""

from base64 import b64encode
from email.message import EmailMessage

import pytest

from rag_core.errors import LoadError
from rag_core.loading import load_bytes

HEAD = b"Subject: Hello\nFrom: Ann <a@b.c>\nTo: Bob <b@b.c>\nDate: Mon, 23 Nov 2026 04:00:00 +0900\n"


def test_headers_and_plain_body():
    document = load_bytes("a.eml", HEAD + b"\nDear Bob,\r\n\r\nbye\r\n")
    assert document.text == (
        "Subject: Hello\nFrom: Ann <a@b.c>\nTo: Bob <b@b.c>\nDate: Mon, 23 Nov 2026 04:00:00 +0900\n\nDear Bob,\n\nbye"
    )
    assert document.metadata == {"subject": "Hello", "sender": "Ann <a@b.c>", "date": "2026-11-23T04:00:00+09:00"}
    assert document.media_type == "message/rfc822"
    assert document.notes == ()


@pytest.mark.parametrize("charset", ["ks_c_5601-1987", "euc-kr", "", "utf-8"])
@pytest.mark.parametrize("transfer", ["8bit", "base64"])
def test_korean_bodies_are_decoded_whatever_they_declare(charset, transfer):
    body = "똠방각하의 난로".encode("cp949")
    data = HEAD + f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n".encode()
    document = load_bytes("a.eml", data + (b64encode(body) if transfer == "base64" else body))
    assert document.text.endswith("\n\n똠방각하의 난로")


def test_korean_headers_encoded_split_and_raw():
    raw = "안녕하세요".encode("euc-kr")
    words = b"\n ".join(b"=?euc-kr?B?" + b64encode(part) + b"?=" for part in (raw[:3], raw[3:]))
    data = b"Subject: " + words + b"\nFrom: " + "김철수".encode("cp949") + b" <a@b.c>\nDate: never\n\nx"
    document = load_bytes("a.eml", data)
    assert document.metadata == {"subject": "안녕하세요", "sender": "김철수 <a@b.c>", "date": "never"}


def test_odd_headers_do_no_harm():
    data = rb"Subject: C:\users =?utf-8?B?!!!?= =?no-such?Q?x?=" + b"\n\nbody"
    assert load_bytes("a.eml", data).text.endswith("body")


def test_plain_is_preferred_and_html_read_where_there_is_no_plain():
    mail = EmailMessage()
    mail["Subject"] = "Both"
    mail.set_content("plain body")
    mail.add_alternative("<p>html <b>body</b></p>", subtype="html")
    assert load_bytes("a.eml", bytes(mail)).text == "Subject: Both\n\nplain body"
    mail = EmailMessage()
    mail["Subject"] = "One"
    mail.set_content(" \n")
    mail.add_alternative("<p>html <b>body</b></p><script>x</script>", subtype="html")
    assert load_bytes("a.eml", bytes(mail)).text == "Subject: One\n\nhtml body"


def test_attachments_are_named_and_forwarded_mails_read():
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("forwarded")
    mail = EmailMessage()
    mail["Subject"] = "Outer"
    mail.set_content("see below")
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="가격표.pdf")
    mail.add_attachment("a,b", subtype="csv", filename="b.csv")
    mail.add_attachment(inner)
    document = load_bytes("a.eml", bytes(mail))
    assert document.text == "Subject: Outer\n\nsee below\n\nSubject: Inner\n\nforwarded"
    assert document.notes == ("left out 2 attachments: 가격표.pdf and b.csv",)


def nested(depth: int) -> bytes:
    data = b"Subject: core\n\ninnermost"
    for level in range(depth):
        data = b"Subject: s%d\nContent-Type: message/rfc822\n\n" % level + data
    return data


def test_nesting_is_cut_at_twenty_and_refused_beyond_reason():
    assert load_bytes("a.eml", nested(10)).text.endswith("Subject: core\n\ninnermost")
    document = load_bytes("a.eml", nested(30))
    assert "innermost" not in document.text
    assert document.notes == ("left out parts nested more than 20 deep",)
    with pytest.raises(LoadError, match="^it is nested too deep to be read as an e-mail"):
        load_bytes("a.eml", nested(2000))


def test_bad_base64_and_binary_bodies():
    head = HEAD + b"Content-Transfer-Encoding: base64\nContent-Type: text/plain\n\n"
    document = load_bytes("a.eml", head + b64encode(bytes(range(256))))
    assert document.notes[0].startswith("left out a part of the body: it is binary data, not text")
    assert load_bytes("a.eml", head + b"!!!").text.startswith("Subject: Hello")


def test_what_is_no_mail_is_told():
    with pytest.raises(LoadError) as caught:
        load_bytes("a.eml", b"just a text\n")
    assert str(caught.value) == "it is not an e-mail: it has no Subject, From, To or Date line."
