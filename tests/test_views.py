"""Views: nouns in, escaped HTML or plain data out."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core import Answer, BuildReport, Chunk, ChunkSettings, Document, Hit, Progress, Prompt, Skipped
from rag_core.explaining import Fix, WhyNot
from rag_core.overview import ChunkStatistics, Match
from rag_core.settings import SearchSettings
from rag_core.types import Citation, DocumentInfo, Dropped, IndexInfo, Missing, PromptTokens, Run, Timings
from rag_web.sharing import Share
from rag_web.views import cells, chat, codes, figures, frame, inspect, runs, upload, viewer, why, words

EVIL = '<img src=x onerror=alert(1)> & "quotes"'


def hit(rank=1, text="A fire.", document="a.txt", score=0.5, start=0, end=7):
    return Hit(rank, score, document, "d1", start, end, 3, text, dense=score)


def judged(**changes):
    """A search of 20 bins from -0.2 to 0.8."""
    edges = np.linspace(-0.2, 0.8, 21, dtype=np.float32)
    related, unrelated = np.zeros(20, np.float32), np.zeros(20, np.float32)
    related[[4, 5, 12, 18]], unrelated[2:8] = (0.5, 0.3, 0.1, 0.1), 0.16
    given = {"best": 0.71, "cut": 0.3, "above": 0.9929, "passing": 0.031, "separates": True}
    return Match(edges, related, unrelated, **{**given, **changes})


def measured(**changes):
    given = {"count": 3, "tokens": (12, 80, 198), "characters": (40, 300, 800), "scripts": [("other", 0.25)]}
    edges = {"too_long": 0, "duplicates": 0, "begin_inside": 0, "end_inside": 0}
    return ChunkStatistics(**{**given, **edges, **changes})


def answer(text, **changes):
    prompt = Prompt((), "system\nuser", PromptTokens(46, 448, 0, 38, 200, 2048), (hit(1), hit(2, document="b.txt")))
    return Answer(**{"text": text, "model": "Small", "prompt": prompt, "finish_reason": "stop", **changes})


SETTINGS = {"top_k": 5, "mode": "field", "chunk_size": 256, "chunk_overlap": 32, "weight": 0.6}
MISSED = WhyNot(
    found=False,
    rank=9,
    anchor=(0, 7),
    score=0.352,
    dense=0.31,
    keyword=2.34,
    last_score=0.397,
    gap=0.045,
    fixes=(
        Fix("top_k", 9, 9, 1120, SearchSettings(top_k=9)),
        Fix("chunk_size", 128, 5, 400, SearchSettings(chunk_size=128, chunk_overlap=16)),
        Fix("weight", 0.2, 4, 590, SearchSettings(weight=0.2)),
        Fix("floor", 0.5, 4, 590, SearchSettings(floor=0.5)),
        Fix("mode", "chunks", 3, 900, SearchSettings(mode="chunks")),
    ),
)


class RANKING:  # as much of one as the panel reads
    settings = SearchSettings()
    total, nearest, cut = 2310, 0.12, 0.3

    @staticmethod
    def hits():
        return [hit(rank) for rank in range(1, 6)]


def run(query="A fire?", at=1.0, **settings):
    return Run(query, SETTINGS | settings, ((1, 0.5), (2, 0.999), (3, 0.5)), 586, 0.004, at)


# ---- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.count(1, "chunk"), "1 chunk"),
        (words.count(2310, "sentence"), "2,310 sentences"),
        (words.size(297), "297 bytes"),
        (words.size(38_400), "38 kB"),
        (words.size(4_200_000), "4.2 MB"),
        (words.took(0.0001), "1 ms"),
        (words.took(2.44), "2.4 s"),
        (words.took(200), "3 min 20 s"),
        (words.about(6.4), "6 s"),
        (words.about(200), "3 min"),
        (words.listed(["a", "b", "c", "d"]), "a, b, c and 1 more"),
        (words.listed(["a", "b"]), "a and b"),
        (words.clip("one two three", 9), "one two…"),
        (words.lang("벽난로"), ' lang="ko"'),
        (words.lang("A wall"), ""),
    ],
)
def test_words(said, expected):
    assert said == expected


# ---- nothing of a document or a model is ever markup ----------------------------------------------------------------


def test_every_view_escapes_what_it_shows():
    evil = hit(text=EVIL, document=EVIL)
    turn = chat.Turn(EVIL, EVIL, answer(f"{EVIL} [1]", model=EVIL, note=EVIL))
    row = DocumentInfo("d", EVIL, 1, 1, 1, 1, 1, "text/plain", (EVIL,))
    document = Document("d", EVIL, EVIL)
    shown = [
        inspect.passages([evil], 5, 1, "field"),
        runs.film([run(EVIL)], None, runs.address(EVIL, EVIL, SETTINGS)),
        why.panel(MISSED, RANKING, EVIL, False, EVIL),
        why.failed(EVIL),
        inspect.nothing_found(EVIL, 0.1, 0.3, 5),
        figures.match_cell(4, judged(), [evil], 9, EVIL, EVIL),
        figures.chunks_cell(5, measured(scripts=[(EVIL, 1.0), (EVIL, 2.0)]), 200, EVIL),
        chat.conversation([turn], EVIL),
        chat.used(
            answer("x", prompt=Prompt((), EVIL, PromptTokens(1, 1, 1, 1, 1, 9), (evil,), (Dropped(evil, EVIL),))), 0
        ),
        chat.tokens(
            answer("x", prompt=Prompt((), EVIL, PromptTokens(1, 1, 1, 1, 1, 9), (evil,), (Dropped(evil, EVIL),)))
        ),
        chat.model_line(answer("x", model=EVIL, answer_tokens=2), EVIL),
        upload.table([row], EVIL, True, EVIL),
        upload.cuts(document, [Chunk("d", 0, len(EVIL), 9)]),
        upload.cuts_note(EVIL, 1, ChunkSettings()),
        upload.destination(EVIL),
        upload.outcome(BuildReport(EVIL, 1, 1, added=(EVIL,), skipped=(Skipped(EVIL, EVIL),))),
        cells.head(1, EVIL, "", EVIL),
        cells.error(EVIL),
        cells.progress(Progress("reading", 1, 2, EVIL), EVIL),
        frame.share(Share("failed", reason=EVIL)),
        frame.knobline(1, 2, 3, 0.5) + frame.preparing(EVIL),
    ]
    for html in shown:
        assert "<img" not in html, html


def test_a_model_cannot_write_links_or_pictures():
    html = chat.conversation([chat.Turn("q", "i", answer("[x](http://a) ![y](http://b) <a href=c>d</a>"))], "i")
    assert "<a" not in html.replace("<article", "") and "<img" not in html


# ---- cells ----------------------------------------------------------------------------------------------------------


def test_progress_tells_how_many_of_how_many_rate_and_time_left():
    html = cells.progress(Progress("embedding", 1240, 2310, "", 318.2, 3.4), "Reading", "What is done is kept.")
    assert "1,240 of 2,310 chunks embedded" in html
    assert "318 chunks/s, 3 s left" in html
    assert "width:53.68%" in html and 'data-act="cancel"' in html


def test_progress_before_the_first_number_says_what_begins():
    assert "Reading the files" in cells.progress(None, "Reading the files")
    assert "185 chunks to embed; the embedder is being loaded" in cells.progress(Progress("embedding", 0, 185), "")


def test_an_error_is_its_first_sentence_bold_and_the_rest_plain():
    assert "<b>The file is locked.</b> Save a copy." in cells.error("The file is locked. Save a copy.")


# ---- frame ----------------------------------------------------------------------------------------------------------


def test_share_status_in_words():
    assert "Only on this computer" in frame.share(Share())
    assert "Creating a link…" in frame.share(Share("creating"))
    assert "<b>No link could be made:</b> no internet" in frame.share(Share("failed", reason="no internet"))


def test_a_shared_link_shows_its_password():
    class Shared:
        status, url, reason, password = "shared", "https://7c41.gradio.live", "", "amber-otter-41"

    html = frame.share(Shared())
    assert ">7c41.gradio.live</a>" in html and "<code data-copied>amber-otter-41</code>" in html


def test_the_index_in_numbers():
    assert "112 documents, 2,310 sentences, 41,870 tokens" in frame.hint(IndexInfo("f", 112, 2310, 41870, 9, "m", 1))


# ---- upload ---------------------------------------------------------------------------------------------------------


def test_the_table_shows_the_newest_and_the_chosen():
    rows = [DocumentInfo(str(i), f"f{i}.txt", 1, 1, 1, 1, 1, "text/plain", ()) for i in range(20)]
    html = upload.table(rows, "f15.txt", False, "notes")
    assert html.count("<tr") - 1 == upload.ROWS + 1
    assert 'aria-pressed="true">f15.txt' in html
    assert "Show all 20" in html
    assert upload.table_note(rows, False) == "20 documents, 8 newest shown"


def test_notes_have_a_column_only_where_there_are_notes():
    plain = DocumentInfo("1", "a.txt", 1, 1, 1, 1, 1, "text/plain", ())
    noted = DocumentInfo("2", "b.pdf", 1, 1, 1, 1, 1, "text/plain", ("read 11 of 12 pages; page 7 has no text",))
    assert "Notes" not in upload.table([plain], "", False, "n")
    assert 'class="rs-caution">read 11 of 12 pages' in upload.table([plain, noted], "", False, "n")


chunk_rows = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), min_size=1, max_size=12)


@given(chunk_rows)
def test_runs_cover_every_chunk_once(rows):
    chunks, start = [], 0
    for step, length in rows:
        start += step if not chunks else max(1, step)
        end = max(start + length, chunks[-1].end + 1 if chunks else 0)
        chunks.append(Chunk("d", start, end, 1))
    runs = upload.runs(chunks, 10_000)
    covered = sorted(at for run in runs for at in range(run.start, run.end))
    assert covered == sorted({at for chunk in chunks for at in range(chunk.start, chunk.end)})
    assert sorted(n for run in runs for n in run.numbers) == list(range(1, len(chunks) + 1))


# ---- inspect --------------------------------------------------------------------------------------------------------


def test_passages_beyond_top_k_stand_below_a_line():
    hits = [hit(rank, score=1 / rank) for rank in range(1, 8)]
    html = inspect.passages(hits, 5, 2, "field")
    assert html.count('class="rs-hit') - html.count('class="rs-hits') == 5
    assert "top_k 5: the next are not used" in html
    assert html.count('data-act="pick"') == 7
    assert 'rs-hit rs-now"><button type="button" data-act="pick" data-rank="2"' in html


def test_missing_vectors_come_with_an_estimate():
    html = inspect.unembedded(Missing(400, 214, 40_000, 6.2), ChunkSettings(512), True)
    assert "214 chunks at 512 tokens have no vectors yet." in html
    assert "Embed them, about 6 s" in html and "The old scores stay until then." in html


# ---- viewer ---------------------------------------------------------------------------------------------------------


@given(st.text(max_size=30_000 // 8).map(lambda text: text * 8))
def test_pages_are_the_whole_text(text):
    edges = viewer.page_edges(text)
    assert "".join(text[a:b] for a, b in zip(edges, edges[1:], strict=False)) == text
    assert all(b - a <= viewer.PAGE * 1.26 for a, b in zip(edges, edges[1:], strict=False))


def test_a_page_carries_its_runs_and_the_chunks_that_touch_it():
    lines = ["# Heading\n", "Some English.\n", "\n", "한국어 문장입니다.\n", "More English.\n"]
    text = "".join(lines)
    document = Document("d", "a.md", text, metadata={"headings": [[1, 0, 9]]})
    chunks = [Chunk("d", 0, 9, 3), Chunk("d", 10, 34, 5), Chunk("d", 30, len(text) - 1, 5)]
    page = viewer.page(document, chunks, 99)
    assert (page["page"], page["start"], page["end"]) == (0, 0, len(text))
    assert "".join(text[a:b] for a, b, *_ in page["runs"]) == text
    assert [(language, level) for *_, language, level in page["runs"]] == [("", 1), ("", 0), ("ko", 0), ("", 0)]
    assert viewer.spans(chunks, 9, 12)["spans"] == [[2, 10, 34, 5]]
    assert viewer.spans(chunks, 32, 33) == {"spans": [[2, 10, 34, 5], [3, 30, len(text) - 1, 5]], "chunks": 3}


def test_an_empty_document_has_a_page():
    page = viewer.page(Document("d", "a.txt", ""), [], 0)
    assert (page["text"], page["spans"], page["runs"]) == ("", [], [])


def test_the_outline_covers_the_document_in_at_most_150_rows():
    text = "\n".join("x" * (i % 200) for i in range(1000))
    outline = viewer.outline(Document("d", "a.txt", text))
    rows = outline["rows"]
    assert len(rows) <= 150 and rows[0][0] == 0 and rows[-1][1] == len(text) == outline["characters"]
    assert all(a[1] == b[0] for a, b in zip(rows, rows[1:], strict=False))


# ---- chat -----------------------------------------------------------------------------------------------------------


def test_citations_are_buttons_that_stay_with_their_word():
    html = chat.conversation([chat.Turn("q", "i", answer("It hangs [1]. Not [9]."))], "i")
    assert '<span class="rs-nowrap">hangs<button type="button" class="rs-cite" data-cite="1"' in html
    assert "Not [9]." in html


def test_quoted_and_generated_text_say_whose_words_they_are():
    quoted = answer(
        "A fire. [1]", quoted=True, note="No chat model is installed.", citations=(Citation(1, "a", 0, 7, ""),)
    )
    html = chat.conversation([chat.Turn("q", "i", quoted)], "i")
    assert "From your documents" in html and "<blockquote" in html and "No chat model is installed." in html
    assert "In the words of Small" in chat.conversation([chat.Turn("q", "i", answer("Yes."))], "i")


def test_a_turn_says_whether_it_is_waiting_growing_stopped_or_cut_off():
    assert "Reading the documents" in chat.conversation([chat.Turn("q", "i")], "i")
    growing = chat.Turn("q", "i", answer("Yes", finish_reason=""))
    assert "rs-caret" in chat.conversation([growing], "i") and "Retry" not in chat.conversation([growing], "i")
    assert "Small reads 2 passages" in chat.conversation([chat.Turn("q", "i", answer("", finish_reason=""))], "i")
    growing.stopped = True
    assert "<b>Stopped.</b>" in chat.conversation([growing], "i")
    assert "<b>Cut off</b>" in chat.conversation([chat.Turn("q", "i", answer("Yes", finish_reason="length"))], "i")
    assert "too long" in chat.conversation([chat.Turn("q", "i", problem="The question is too long. Cut it.")], "i")


def test_the_prompt_bar_adds_up_and_names_what_was_left_out():
    spent = PromptTokens(46, 448, 236, 38, 200, 2048)
    given = answer("x", prompt=Prompt((), "exact <text>", spent, (hit(),), (Dropped(hit(5, document="e"), "no room"),)))
    html = chat.tokens(given)
    assert "left for the answer <b>1,280</b>" in html and "history <b>236</b>" in html
    assert "Left out: passage 5, e, score 0.500; no room" in html
    assert "exact &lt;text&gt;" in html
    assert chat.tokens_note(given.prompt) == "768 of 2,048 tokens"


def test_the_model_line_has_rate_first_token_and_tokens():
    given = answer("x", prompt_tokens=768, answer_tokens=19, timings=Timings(0.31, 0.71))
    assert "47.5 tokens/s, first token after 0.31 s, 768 + 19 tokens." in chat.model_line(given, "Small")
    assert "<b>No model.</b> Put one there." in chat.model_line(None, "", "Put one there.")


def test_history_holds_finished_turns_only():
    turns = [chat.Turn("a", "i", answer("b")), chat.Turn("c", "i", problem="No."), chat.Turn("d", "i")]
    assert [(m.role, m.content) for m in chat.history(turns)] == [("user", "a"), ("assistant", "b")]


# ---- figures --------------------------------------------------------------------------------------------------------


def test_the_match_is_a_sentence_then_a_histogram_told_in_words():
    html = figures.match_cell(4, judged(), [hit(1, score=0.71), hit(2, score=0.58)], 2310, "", "code")
    assert "0.71 is higher than <b>99.2\N{NO-BREAK SPACE}%</b> of unrelated pairs here." in html
    assert (
        'aria-label="Histogram of the raw cosine of 2,310 units of text; passages 1 at 0.71, 2 at 0.58; '
        'the cut is at 0.30, 3 of 100 unrelated pairs pass"'
    ) in html
    assert html.count('class="rs-unit"') == 2 and html.count('class="rs-above"') == 2
    assert html.count('class="rs-hittick"') == 2 and 'class="rs-other" d="M' in html
    assert ">cut 0.30<" in html and ">0.6<" in html and ">-0.0<" not in html


def test_a_match_that_says_little_is_a_plain_warning():
    html = figures.match_cell(4, judged(best=0.33, separates=False, above=1.0), [], 9, "", "")
    assert "The embedder hardly separates this question from unrelated ones." in html
    assert "Its best cosine is 0.33; unrelated questions reach 0.30." in html
    assert "higher than <b>every</b> unrelated pair here." in html
    unread = figures.match_cell(4, judged(cut=0.0), [], 9, "It does not know the script.", "")
    assert "It does not know the script." in unread and "higher than" not in unread
    assert "rs-cut" not in unread and "rs-above" not in unread


@pytest.mark.parametrize("cut", [-0.15, 0.0, 0.3, 0.7])
@pytest.mark.parametrize("share", [0.0, 0.00004, 0.0312, 1.0])
def test_nothing_of_the_histogram_lies_outside_it(cut, share):
    hits = [hit(rank, score=0.1 + rank / 200) for rank in range(1, 21)]
    html = figures.match_cell(4, judged(cut=cut, passing=share), hits, 9, "", "")
    assert all(0 <= float(x) <= 400 for x in re.findall(r' x[12]?="([^"]*)"', html))
    assert all(0 <= float(y) <= 108 for y in re.findall(r' y[12]?="([^"]*)"', html))
    assert html.count('class="rs-hittick"') == 20


def test_without_unrelated_questions_nothing_is_claimed():
    html = figures.match_cell(4, replace(judged(), unrelated=np.zeros(20, np.float32)), [], 9, "", "")
    assert "no unrelated question to compare with" in html and 'class="rs-other"' not in html


def test_chunks_in_sentences():
    html = figures.chunks_cell(5, measured(), 200, "code")
    assert "<b>3 chunks</b>, 12 to 198 tokens, half of them at most 80." in html
    assert "The text takes 0.25 tokens a character here." in html
    assert "None begins or ends inside a sentence." in html
    assert 'aria-label="Histogram of the sizes of 3 chunks: 12 to 198 tokens, half of them at most 80; ' in html
    assert "rs-warned" not in html
    assert figures.chunks_cell(5, measured(count=0, tokens=(), characters=()), 200, "") == ""


def test_chunks_that_cost_or_break_more_are_named():
    scripts = [("Korean", 1.24), ("other", 0.25)]
    html = figures.chunks_cell(5, measured(scripts=scripts, begin_inside=1, too_long=2, duplicates=1), 64, "")
    assert "Korean takes 1.24 tokens a character here; the other text 0.25." in html
    assert "1 begins and none ends inside a sentence." in html
    assert "2 chunks are longer than the embedder reads; recipe dense does not see their ends." in html
    assert "1 chunk repeats another word for word." in html


def test_the_summary_says_how_much_of_the_chat_model_the_passages_fill():
    assert "29\N{NO-BREAK SPACE}% of what the chat model can hold." in inspect.summary([hit()] * 99, 1.0, "", 1024)
    assert "More than the 256 tokens the chat model can hold." in inspect.summary([hit()] * 99, 1.0, "", 256)
    assert "chat model" not in inspect.summary([hit()], 1.0)


# ---- codes ----------------------------------------------------------------------------------------------------------


@given(st.text())
def test_quoted_is_a_literal_of_the_same_text(text):
    assert eval(codes.quoted(text)) == text


# ---- runs and the panel about selected text -------------------------------------------------------------------------


def test_the_film_marks_the_first_run_that_is_on_the_page_and_carries_what_brings_it_back():
    kept = [run(at=3.0, top_k=6), run("벽난로?", at=2.0), run(at=1.0), run(at=0.5)]
    shown = runs.film(kept, run(), "?index=notes")
    cards = shown.split("<li>")[1:]
    assert ['aria-current="true"' in card for card in cards] == [False, False, True, False]
    assert 'data-q="A fire?" data-at="1.0" data-chunk_size="256" data-chunk_overlap="32" data-top_k="5"' in cards[2]
    assert 'data-weight="0.6" data-mode="field"' in cards[2]
    assert "<span>field 256, 6</span><span>4 ms</span>" in cards[0]
    assert '<span class="rs-q" lang="ko">' in cards[1]
    assert "chunk_size 256, chunk_overlap 32, top_k 5, weight 0.60. 3 passages, 586 tokens." in cards[2]


def test_a_barcode_has_a_long_bar_at_the_best_hit_and_one_bar_for_hits_that_share_a_place():
    shown = runs.film([run()], None, "")
    assert 'class="rs-mm2" d="M84 0h2V16h-2zM165 2h2V14h-2z"' in shown
    assert shown.count("v10h-2z") == 54


def test_an_empty_film_says_what_will_stand_there():
    assert "Every search is kept here" in runs.film([], None, "?index=notes")
    assert 'data-address="?index=notes"' in runs.film([], None, "?index=notes")


def test_the_address_names_every_setting_and_leaves_out_a_very_long_question():
    said = runs.address("my notes", "벽 & wall?", SETTINGS)
    assert said.startswith("?index=my+notes&chunk_size=256&chunk_overlap=32&top_k=5&weight=0.6&mode=field&q=%EB%B2%BD")
    assert "+%26+wall%3F" in said
    assert "&q=" not in runs.address("notes", "x" * 1001, SETTINGS)


def test_why_not_tells_place_gap_parts_and_fixes_that_have_a_slider():
    shown = why.panel(MISSED, RANKING, "It hangs.", False, "")
    assert "comes <b>9th</b>, and only the first 5 are used (2,310 sentences compared)" in shown
    assert "scores <b>0.352</b>, 0.045 below the last one used (0.397)" in shown
    assert "cosine 0.31" in shown and "BM25 2.3" in shown
    assert 'data-act="bring_in" data-top_k="9">Set top_k 9</button><span>as passage 9, 1,120 tokens in all' in shown
    assert 'data-chunk_size="128" data-chunk_overlap="16">Set chunk_size 128' in shown
    assert 'data-weight="0.2">Set weight 0.20' in shown and 'data-mode="chunks">Set recipe chunks' in shown
    assert "floor" not in shown


def test_why_not_without_a_rank_or_a_fix_says_so():
    shown = why.panel(replace(MISSED, rank=0, fixes=()), RANKING, "It hangs.", False, "")
    assert "<b>not among the first 200</b> passages" in shown and "below the last" not in shown
    assert "No single setting brings it in" in shown


def test_why_not_of_a_hit_says_it_was_found_and_where():
    found = replace(MISSED, found=True, rank=2, fixes=())
    shown = why.panel(found, RANKING, "It hangs.", False, "")
    assert "<h3>This was found</h3>" in shown and "<b>passage 2 of 5</b>" in shown
    assert 'data-act="pick" data-rank="2"' in shown
    held = why.panel(found, RANKING, "It hangs.", True, "")
    assert "the best cosine is 0.12 and the cut is 0.30" in held and 'data-act="pick"' not in held
