"""Files and folders to Documents: what is found, what is refused, and that a batch goes on."""

import os
import socket
import sys

import pytest

from rag_core.errors import LoadError
from rag_core.loading import SUFFIXES, clean_name, content_id, find_files, load_bytes, load_file, load_many
from rag_core.types import Document, Skipped


def reason(path, name=None) -> str:
    with pytest.raises(LoadError) as caught:
        load_file(path, name)
    return str(caught.value)


def test_the_suffixes_are_the_promised_ones():
    promised = ".txt .md .json .jsonl .csv .tsv .html .htm .pdf .docx .xlsx .eml"
    assert set(promised.split()) <= set(SUFFIXES)


def test_same_bytes_same_id_whatever_the_name():
    one, two = load_bytes("a.txt", b"text"), load_bytes("b.md", b"text")
    assert one.id == two.id == content_id(b"text")
    assert len(one.id) == 32
    assert one.id != content_id(b"text ")


def test_a_file_is_named_by_its_own_or_a_given_name(tmp_path):
    path = tmp_path / "a.TXT"
    path.write_bytes(b"text")
    assert load_file(path).name == "a.TXT"
    assert load_file(path, "folder/b.md").media_type == "text/markdown"
    assert load_file(path, "The catalogue").name == "The catalogue"


def test_what_is_no_regular_file_is_refused(tmp_path):
    folder = tmp_path / "folder.txt"
    folder.mkdir()
    assert reason(folder) == "it is a folder, not a file."
    assert reason(tmp_path / "none.txt") == "there is no such file."
    assert reason(tmp_path / "none.txt", "a\0.txt") == "there is no such file."


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes and devices in the file system")
def test_pipes_sockets_and_links_to_devices_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    assert reason(tmp_path / "pipe.txt") == "it is a pipe, not a file."
    (tmp_path / "device.txt").symlink_to("/dev/zero")
    assert reason(tmp_path / "device.txt") == "it is a device, not a file."
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "s.txt"))
        assert reason(tmp_path / "s.txt") == "it is a socket, not a file."
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    assert reason(tmp_path / "loop.txt").startswith("it cannot be opened: ")


def test_a_file_over_200_mb_is_refused_with_both_numbers_before_it_is_read(tmp_path):
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024 + 1)
    assert reason(path) == (
        "it has 209,715,201 bytes; at most 209,715,200 (200 MB) are read. Split it into smaller files."
    )


def test_an_unknown_suffix_is_refused_with_the_known_ones():
    with pytest.raises(LoadError, match=r"^\.png files are not read\. Those that are: \.txt, .*\.eml\.$"):
        load_bytes("a.png", b"x")
    with pytest.raises(LoadError, match=r"^a file without a suffix is not read\."):
        load_bytes("README", b"x")


def test_a_missing_parser_names_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    with pytest.raises(LoadError) as caught:
        load_bytes("a.pdf", b"%PDF-1.7")
    assert str(caught.value) == "reading it needs pypdf, not installed here. Install it: pip install pypdf"


def test_a_folder_is_read_in_order_without_hidden_files(tmp_path):
    for name in ("b.txt", "a.txt", "sub/c.md", ".hidden.txt", ".git/d.txt", "~$e.docx", "__MACOSX/f.txt", "g.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    found, skipped = find_files([tmp_path])
    assert [name for _, name in found] == ["a.txt", "b.txt", "sub/c.md"]
    assert [path for path, _ in found] == [tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "sub" / "c.md"]
    assert [item.name for item in skipped] == ["g.png"]
    assert skipped[0].reason.startswith(".png files are not read.")


def test_missing_paths_and_links_out_of_a_folder_are_skipped_with_the_reason(tmp_path):
    outside = tmp_path / "outside"
    folder = tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "secret.txt").write_text("x")
    (folder / "real.txt").write_text("x")
    (folder / "inner.txt").symlink_to(folder / "real.txt")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "linked").symlink_to(outside)
    found, skipped = find_files([folder, tmp_path / "none.txt"])
    assert [name for _, name in found] == ["inner.txt", "real.txt"]
    assert skipped == [
        Skipped("linked", "it is a link to a folder. Give the folder itself."),
        Skipped("link.txt", "it is a link that leads out of its folder. Give the file itself."),
        Skipped("none.txt", "there is no such file."),
    ]


def test_names_are_unique_within_a_batch_and_a_path_counts_once(tmp_path):
    for folder in ("x", "y", "z"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)
    found, skipped = find_files([tmp_path / "x" / "a.txt", tmp_path / "y", tmp_path / "z" / "a.txt", tmp_path / "x"])
    assert [name for _, name in found] == ["a.txt", "a (2).txt", "a (3).txt"]
    assert skipped == []


def test_hidden_files_are_read_when_they_are_asked_for(tmp_path):
    (tmp_path / ".notes.txt").write_text("x")
    assert [name for _, name in find_files([tmp_path / ".notes.txt"])[0]] == [".notes.txt"]


def test_one_bad_file_never_stops_the_others(tmp_path):
    contents = {"a.txt": b"one", "b.json": b"{", "c.pdf": b"no", "d.docx": b"PK", "e.txt": b"", "f.csv": b"a,b\n1,2\n"}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    files, _ = find_files([tmp_path])
    read = list(load_many([*files, (tmp_path / "gone.txt", "gone.txt")]))
    assert [item.name for item in read if isinstance(item, Document)] == ["a.txt", "f.csv"]
    skipped = {item.name: item.reason for item in read if isinstance(item, Skipped)}
    assert list(skipped) == ["b.json", "c.pdf", "d.docx", "e.txt", "gone.txt"]
    assert skipped["e.txt"] == "the file is empty."
    assert skipped["gone.txt"] == "there is no such file."


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("a.txt", "a.txt"),
        ("sub/b.txt", "sub/b.txt"),
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("C:\\Users\\x\\c.txt", "Users/x/c.txt"),
        ("/abs/d.txt", "abs/d.txt"),
        ("e\n\0\x1b.txt", "e.txt"),
        ("invoice\u202etxt.exe.pdf", "invoicetxt.exe.pdf"),
        ("\u1100\u1161.txt", "가.txt"),
        ("", "unnamed"),
        ("//..//", "unnamed"),
        ("f" * 300 + ".txt", "f" * 195 + "….txt"),
        ("long" * 100 + "/g.txt", "g.txt"),
    ],
)
def test_names_are_labels(name, label):
    assert clean_name(name) == label
    assert len(label) <= 200
