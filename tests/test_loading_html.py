"""Web pages: what a reader would see, block by block."""

import pytest

from rag_core.errors import LoadError
from rag_core.loading import load_bytes


def text_of(markup: str) -> str:
    return load_bytes("a.html", markup.encode()).text


def test_blocks_inline_tags_and_breaks():
    assert text_of("<h1> A  title </h1><p>a <b>b</b>c<br>new\n line</p><div>x<div>y</div>z</div>tail") == (
        "A title\n\na bc\nnew line\n\nx\n\ny\n\nz\n\ntail"
    )


def test_headings_slice_to_their_text():
    document = load_bytes("a.html", b"<title>The  page</title><h1>One</h1><p>text</p><h3>Three <i>x</i></h3>more")
    assert [(level, document.text[a:b]) for level, a, b in document.metadata["headings"]] == [
        (1, "One"),
        (3, "Three x"),
    ]
    assert document.metadata["title"] == "The page"
    assert document.media_type == "text/html"


def test_lists_keep_their_levels():
    markup = (
        "<p>before</p><ul><li>one<ol><li>inner</li></ol></li><li></li><li><p>two</p><p>more</p></li></ul><p>after</p>"
    )
    assert text_of(markup) == "before\n\n- one\n  - inner\n- two\n\nmore\n\nafter"


def test_tables_with_a_header_read_as_header_and_value():
    markup = (
        "<table><caption>Prices</caption><thead><tr><th>Name</th><th>Size</th><th>Price</th></tr></thead>"
        "<tr><td rowspan=2>Fire</td><td>50</td><td>1</td></tr><tr><td>60</td><td>2</td></tr>"
        "<tr><td colspan=2>Any</td><td>3</td></tr></table>"
    )
    assert text_of(markup) == (
        "Prices\nName: Fire; Size: 50; Price: 1\nName: Fire; Size: 60; Price: 2\nName: Any; Price: 3"
    )


def test_tables_without_header_and_tables_for_layout():
    assert text_of("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>") == "a; b\nc; d"
    assert (
        text_of("<table><tr><td><h2>x</h2><table><tr><td>1</td><td>2</td></tr></table></td></tr></table>")
        == "x\n\n1; 2"
    )


def test_code_keeps_its_white_space():
    assert text_of("<p>a</p><pre>\ndef f():\n    return 1\n</pre><p>b</p>") == "a\n\ndef f():\n    return 1\n\nb"


def test_what_is_not_seen_is_left_out_and_hidden_parts_are_counted():
    document = load_bytes(
        "a.html",
        b"<!doctype html><head><style>s</style></head><script>s</script><!-- c --><template>t</template>"
        b"<p hidden>one</p><p style='display: none'>two</p><p hidden></p><noscript>n</noscript>seen"
        b"<svg><text>v</text></svg>",
    )
    assert document.text == "seen"
    assert document.notes == ("left out 2 hidden parts",)


@pytest.mark.parametrize("declared", ["euc-kr", "ks_c_5601-1987", "utf-8", ""])
def test_korean_pages_are_decoded_whatever_they_declare(declared):
    markup = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}"><p>똠방각하 난로</p>'
    document = load_bytes("a.htm", markup.encode("cp949"))
    assert document.text == "똠방각하 난로"
    assert document.metadata["encoding"] == "cp949"
    assert load_bytes("a.htm", markup.encode()).text == "똠방각하 난로"


def test_text_deep_inside_sloppy_markup_is_read():
    assert text_of("<p>before</p>" + "<b>x" * 900 + "<p>after") == "before\n\n" + "x" * 900 + "\n\nafter"


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<div>" * 5000 + "x", "its tags are nested too deep; at most 2,000 levels are read."),
        ("<html><head><title>t</title></head><body><script>x</script></body></html>", "there is no text in it."),
    ],
)
def test_pages_that_cannot_be_read_are_refused_in_words(markup, words):
    with pytest.raises(LoadError) as caught:
        text_of(markup)
    assert str(caught.value) == words
