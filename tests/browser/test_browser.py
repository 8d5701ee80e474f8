"""What a person does, in a real browser: upload, drag and step the sliders, search, ask, stop."""

import re
import zlib

import pytest

from tests.browser.conftest import installed_chat, serving
from tests.conftest import installed_embedder

pytestmark = pytest.mark.browser
QUESTION = "Wall-mounted electric fireplace with realistic LED flames"
KOREAN = "벽걸이 전기벽난로는 벽의 재질을 먼저 확인하고 답니다. 불꽃 색은 세 가지이며 리모컨으로 바꿉니다.\n\n" * 40


def pdf(text: str) -> bytes:
    """A one-page PDF with a line of text."""
    stream = zlib.compress(f"BT /F1 14 Tf 60 700 Td ({text}) Tj ET".encode())
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        body
        + head
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (
            len(objects) + 1,
            len(body),
        )
    )


def tab(page, name):
    page.get_by_role("tab", name=name).click()


def viewer(page, key):
    return page.locator("#viewer [data-runs]").get_attribute(f"data-{key}")


def wait_for_viewer(page, **wanted):
    for key, value in wanted.items():
        page.wait_for_function(
            "([key, value]) => document.querySelector('#viewer [data-runs]')?.dataset[key] === value", arg=[key, value]
        )


def drag(page, slider, share):
    """Drag a slider's thumb to a share of its way, in steps."""
    handle = page.locator(f"#{slider} input[type=range]")
    box = handle.bounding_box()
    low, high, value = (float(handle.evaluate(f"e => e.{name}")) for name in ("min", "max", "value"))
    at = box["x"] + 5 + (box["width"] - 10) * (value - low) / (high - low)
    to, y = box["x"] + 5 + (box["width"] - 10) * share, box["y"] + 10
    page.mouse.move(at, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(at + (to - at) * step / 10, y)
        page.wait_for_timeout(40)
    page.mouse.up()


def choose_document(page, name):
    box = page.locator("#document input")
    box.click()
    box.fill(name)
    page.keyboard.press("Enter")
    wait_for_viewer(page, document=name)


def test_the_page_opens_on_the_sample_with_its_scores(open_page):
    page = open_page()
    assert page.locator("#question textarea").input_value().startswith("Wall-mounted electric fireplace")
    assert "ENT-4001" in page.locator("#hits .rs-hit").first.inner_text()
    assert page.locator("#hits .rs-hit").count() == 5
    wait_for_viewer(page, document="ENT-4001.txt")


def test_the_match_and_the_chunks_are_told_in_words_and_drawn(open_page):
    page = open_page()
    page.locator("#match", has_text=re.compile(r"0\.\d\d is higher than .* unrelated pair")).wait_for()
    label = page.get_by_role("img", name="Histogram of the raw cosine").get_attribute("aria-label")
    assert "passages 1 at 0." in label and "; the cut is at " in label
    assert page.locator("#match .rs-hittick").count() == 5
    page.get_by_role("button", name="Draw the map").click()
    point = page.locator("#plane path[data-document='showroom-handbook.md']").last
    point.dispatch_event("click")
    wait_for_viewer(page, document="showroom-handbook.md")
    before = page.locator("#chunks .rs-verdict").inner_text()
    drag(page, "chunk_size", 0.04)
    page.wait_for_function("before => document.querySelector('#chunks .rs-verdict').innerText !== before", arg=before)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_upload_a_pdf_and_a_korean_text(open_page):
    page = open_page()
    tab(page, "Upload")
    page.get_by_role("button", name="start a new index").click()
    page.locator("#new_name").locator("input, textarea").fill("browser")
    page.locator("#create").click()
    page.wait_for_function("() => document.querySelector('#index input').value === 'browser'")
    page.locator("#documents", has_text="No documents in browser yet.").wait_for()
    page.locator("#file input[type=file]").set_input_files(
        [
            {"name": "lobby.pdf", "mimeType": "application/pdf", "buffer": pdf("The lobby needs a fireplace.")},
            {"name": "설치_안내.txt", "mimeType": "text/plain", "buffer": KOREAN.encode("cp949")},
            {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"},
        ]
    )
    page.locator("#upload_status .rs-done", has_text="2 documents added").wait_for()
    assert "broken.pdf was skipped:" in page.locator("#upload_status").inner_text()
    rows = page.locator("#documents tbody tr")
    page.locator("#documents tbody tr", has_text="lobby.pdf").wait_for()
    assert rows.count() == 2
    korean = page.locator("#documents tbody tr", has_text="설치_안내.txt")
    assert "CP949" in korean.inner_text()
    korean.get_by_role("button", name="설치_안내.txt", exact=True).click()
    page.locator("#cuts [lang=ko]", has_text="벽걸이 전기벽난로는").wait_for()
    before = page.locator("#cuts [data-chunks]").get_attribute("data-chunks")
    drag(page, "chunk_size", 0.03)
    page.wait_for_function(f"() => document.querySelector('#cuts [data-chunks]').dataset.chunks > {before}")
    tab(page, "Inspect")
    choose_document(page, "lobby.pdf")
    assert "The lobby needs a fireplace." in page.locator("#viewer .rs-text").inner_text()
    tab(page, "Upload")
    page.get_by_role("button", name="Remove lobby.pdf").click()
    page.locator("#upload_status", has_text="lobby.pdf was removed.").wait_for()
    page.wait_for_function("() => document.querySelectorAll('#documents tbody tr').length === 1")


def test_dragging_and_stepping_chunk_size_cuts_the_text_anew(open_page):
    page = open_page(query="?mode=chunks")
    choose_document(page, "showroom-handbook.md")
    coarse = int(viewer(page, "chunks"))
    drag(page, "chunk_size", 0.04)
    size = page.locator("#chunk_size input[type=range]").input_value()
    assert int(size) < 100
    wait_for_viewer(page, size=size)
    fine = int(viewer(page, "chunks"))
    assert fine > 2 * coarse
    assert page.locator("#viewer path.rs-tint-a").get_attribute("d")
    assert page.locator("#viewer path.rs-tint-b").get_attribute("d")
    slider = page.locator("#chunk_size input[type=range]")
    slider.focus()
    for _ in range(8):
        slider.press("ArrowLeft")
    wait_for_viewer(page, size=str(int(size) - 8))
    assert int(viewer(page, "chunks")) > fine
    drag(page, "chunk_overlap", 0.15)
    overlap = page.locator("#chunk_overlap input[type=range]").input_value()
    wait_for_viewer(page, overlap=overlap)
    page.wait_for_function("() => document.querySelector('#viewer path.rs-overlap').getAttribute('d')")
    page.locator("#put_back").click()
    wait_for_viewer(page, size="200", overlap="0", chunks=str(coarse))


def test_the_field_lies_under_the_text_and_follows_the_weight(open_page):
    page = open_page()
    page.locator("#viewer [data-view=heat]").wait_for(state="attached")
    assert page.locator("#viewer path[class^=rs-heat]").count() >= 2
    before = page.locator("#hits .rs-hit .rs-score").first.inner_text()
    slider = page.locator("#weight input[type=range]")
    slider.focus()
    for _ in range(6):
        slider.press("ArrowLeft")
    page.wait_for_function(f"() => document.querySelector('#hits .rs-hit .rs-score').innerText !== '{before}'")
    page.locator("#mode label", has_text="keyword").click()
    page.locator("#side .rs-hint", has_text="BM25").wait_for()
    page.locator("#viewer path.rs-tint-a").first.wait_for(state="attached")


def test_settings_that_contradict_each_other_are_mended_by_a_click(open_page):
    page = open_page(query="?chunk_size=96")
    number = page.locator("#chunk_overlap input[type=number]")
    number.fill("128")
    number.press("Tab")
    page.get_by_text("chunk_overlap 128 is not below chunk_size 96.").wait_for()
    page.get_by_role("button", name="Set chunk_overlap to 24").click()
    wait_for_viewer(page, overlap="24", size="96")


def test_a_hit_opens_at_its_place_and_top_k_cuts_the_list(open_page):
    page = open_page()
    third = page.locator("#hits .rs-hit").nth(2)
    name = third.locator(".rs-where b").inner_text()
    third.get_by_role("button").press("Enter")
    wait_for_viewer(page, document=name)
    page.locator("#viewer .rs-rank.rs-now", has_text="3").wait_for()
    slider = page.locator("#top_k input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    page.locator("#hits .rs-cutline", has_text="top_k 3").wait_for()
    assert page.locator("#hits .rs-hit").count() == 3


def test_a_question_is_scored_and_an_open_fold_stays_open(open_page):
    page = open_page()
    page.locator("#found summary").click()
    page.locator("#question textarea").fill("round table extends")
    page.locator("#search").click()
    page.locator("#found code", has_text="round table extends").wait_for()
    assert page.locator("#found details").get_attribute("open") is not None


def test_a_run_goes_back_and_the_address_follows(open_page):
    page = open_page()
    page.locator("#question textarea").fill("round table extends")
    page.locator("#search").click()
    page.locator("#runs .rs-now", has_text="round table extends").wait_for()
    slider = page.locator("#top_k input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    page.locator("#runs .rs-now", has_text="field 200, 6").wait_for()
    page.wait_for_function("() => location.search.includes('top_k=6') && location.search.includes('q=round+table')")
    page.locator("#runs .rs-frame", has_text="Wall-mounted").last.press("Enter")
    page.locator("#runs .rs-now", has_text="Wall-mounted").wait_for()
    assert slider.input_value() == "5"
    assert page.locator("#question textarea").input_value() == QUESTION
    page.wait_for_function("() => location.search.includes('top_k=5') && location.search.includes('q=Wall')")
    assert page.evaluate("() => document.activeElement.classList.contains('rs-frame')")


def test_an_address_restores_question_and_settings(open_page):
    page = open_page(query="?top_k=3&weight=0.2&mode=chunks&q=recessed+electric+fireplace")
    assert page.locator("#question textarea").input_value() == "recessed electric fireplace"
    page.locator("#hits .rs-cutline", has_text="top_k 3").wait_for()
    page.locator("#runs .rs-now", has_text="chunks 200, 3").wait_for()


def test_selected_text_says_why_it_was_not_found_and_a_fix_brings_it_in(open_page):
    page = open_page(query="?top_k=1")
    choose_document(page, "ENT-4002.txt")
    page.locator("#viewer .rs-text .rs-page").first.wait_for()
    page.locator("#viewer .rs-sheet").focus()
    page.keyboard.press("Shift+ArrowDown")
    page.get_by_role("button", name="Why was this not found?").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="Why was this not found?")
    panel.wait_for()
    said = page.locator("#viewer .rs-text").inner_text()
    assert panel.locator("blockquote").inner_text().rstrip("…") in " ".join(said.split())
    fix = panel.get_by_role("button", name="Set top_k")
    wanted = fix.inner_text().split()[-1]
    fix.click()
    panel.wait_for(state="detached")
    page.wait_for_function(f"() => document.querySelectorAll('#hits .rs-hit').length === {wanted}")
    assert page.locator("#top_k input[type=range]").input_value() == wanted


def test_an_answer_streams_and_stop_ends_it(open_page):
    page = open_page()
    tab(page, "Chat")
    page.locator("#message textarea").fill(QUESTION)
    page.locator("#message textarea").press("Enter")
    said = page.locator("#talk .rs-own")
    page.wait_for_function("() => document.querySelector('#talk .rs-own')?.innerText.length > 20")
    early = len(said.inner_text())
    page.wait_for_function(f"() => document.querySelector('#talk .rs-own').innerText.length > {early + 40}")
    page.locator("#message .stop-button").click()
    page.locator("#talk", has_text="Stopped. What was written stays.").wait_for()
    stopped = said.inner_text()
    page.wait_for_timeout(700)
    assert said.inner_text() == stopped
    assert len(stopped.split()) < 200
    assert page.locator("#used .rs-use").count() > 0
    page.locator("#prompt summary").last.click()
    assert QUESTION in page.locator("#prompt pre").last.inner_text()
    page.get_by_role("button", name="Open in the document").first.click()
    page.locator("#question textarea").wait_for()
    assert page.locator("#question textarea").input_value() == QUESTION


def test_a_phone_shows_everything_without_scrolling_sideways(open_page):
    page = open_page(390, 844)
    for name in ("Upload", "Inspect", "Chat"):
        tab(page, name)
        page.wait_for_timeout(300)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, name
    settings = page.locator("#chunk_size input[type=range]")
    assert not settings.is_visible()
    page.get_by_role("button", name="Open settings").click()
    assert settings.is_visible()
    page.get_by_role("button", name="Done").click()
    assert not settings.is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_carry_the_tokens(open_page, theme):
    page = open_page(query=f"?__theme={theme}")
    paper = page.evaluate("() => getComputedStyle(document.querySelector('.gradio-container')).backgroundColor")
    assert paper == {"light": "rgb(242, 245, 243)", "dark": "rgb(13, 18, 17)"}[theme]


@pytest.mark.model
def test_the_real_models_find_and_name_the_fireplace(open_page, tmp_path):
    if installed_embedder() is None or not installed_chat():
        pytest.skip("the model packages are not installed")
    with serving(tmp_path) as url:
        page = open_page(url=url)
        assert "ENT-4001" in page.locator("#hits .rs-hit").first.inner_text()
        tab(page, "Chat")
        page.locator("#message textarea").fill("Who makes the ENT-4001 wall-mounted electric fireplace?")
        page.locator("#message textarea").press("Enter")
        page.locator("#talk .rs-turn-foot").wait_for(timeout=120_000)
        assert re.search(r"Hearth|ENT-4001", page.locator("#talk").inner_text())
        assert "tokens/s" in page.locator("#model").inner_text()
        page.context.close()
