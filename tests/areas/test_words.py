"""Texts on an invoice's paper: their direction, what no font has, what would do harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.areas.invoices.words import Words, words


@pytest.mark.parametrize(
    ("text", "right_to_left"),
    [
        ("Example Widgets", False),
        ("דוגמה 2024", True),
        ("2024 (دبي)", True),
        ("Example דוגמה", False),
        ("דוגמה Example", True),
        ("123 + 4", False),
        ("", False),
    ],
)
def test_its_first_letter_says_where_it_is_read_from(text: str, *, right_to_left: bool) -> None:
    assert words(text) == Words(text, right_to_left)


@pytest.mark.parametrize(
    "text",
    ["Ægir Ñandú Łódź Đồng", "Ελληνικά ἀρχή", "Українська Ђурђевдан", "עִבְרִית", "العربية فارسی گ چ"],
)
def test_the_fonts_have_the_letters_of_these_scripts(text: str) -> None:
    assert words(text).text == text


@pytest.mark.parametrize(
    "text",
    ["示例网络有限公司、", "範例公司ㄅ", "株式会社サンプル「ひな」ﾊﾝ〒", "주식회사 뷁웹"],
)
def test_and_those_of_east_asia_at_one_weight(text: str) -> None:
    assert words(text).text == text


@pytest.mark.parametrize("text", ["$ € £ ¥ ₹ ₪ ₽ ₺", "“x” „y“ «z» — … № ™ © ½ °"])
def test_and_what_stands_between_them(text: str) -> None:
    assert words(text).text == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ก", "[U+0E01]"),
        ("\U00020bb7", "[U+20BB7]"),
        ("😀!", "[U+1F600]!"),
        ("\ue000", "[U+E000]"),
        ("\ud800", "[U+D800]"),
        ("e\u0301", "é"),
    ],
)
def test_what_no_font_has_is_told_by_its_number(text: str, shown: str) -> None:
    assert words(text).text == shown


def test_nobody_turns_the_others_letters_around_or_breaks_out_of_his_line() -> None:
    assert words("a\u202eb\u2066c\r\nd\x00\x1b[2Je\u2028f\ufefff").text == "a b c d [2Je f f"


def test_a_word_that_fits_nowhere_may_be_broken() -> None:
    assert words("W" * 18).text == "W" * 18
    assert words("x " + "W" * 30).text == "x " + "\u200b".join(["W" * 12, "W" * 12, "W" * 6])


@given(st.text())
def test_it_is_one_line_without_controls_whatever_was_written(text: str) -> None:
    shown = words(text).text
    assert shown == " ".join(shown.split(" ")).strip()
    assert shown.replace("\u200b", "").replace("\u200c", "").replace("\u200d", "").isprintable()
