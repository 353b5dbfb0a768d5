from __future__ import annotations

import pytest

from pointsman_train.evaluate.language import NO_LETTERS, UNTOLD, languages


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Write a short story about the sea.", "English"),
        ("Schreibe ein Gedicht über den Herbst.", "German"),
        ("Quelle est la capitale de la France et combien de gens y vivent ?", "French"),
        ("¿Cuál es la capital del Perú y por qué?", "Spanish"),
        ("Qual è la capitale della Francia e chi la governa?", "Italian"),
        ("Qual é a capital do Brasil e por que não é o Rio?", "Portuguese"),
        ("Wat is de hoofdstad van Nederland en wie woont er?", "Dutch"),
        ("Jaki jest największy kraj na świecie i dlaczego?", "Polish"),
        ("Türkiye için en büyük şehir hangi şehir ve neden?", "Turkish"),
        ("Какая самая длинная река?", "Cyrillic script"),
        ("Ποια είναι η πρωτεύουσα;", "Greek script"),
        ("ما هي عاصمة مصر؟", "Arabic script"),
        ("भारत की राजधानी क्या है?", "Indic script"),
        ("日本の首都はどこですか?", "Japanese"),
        ("中国的首都是哪里?", "Han script"),
        ("한국의 수도는 어디입니까?", "Korean"),
        ("2 + 2 = ?", NO_LETTERS),
        ("", NO_LETTERS),
        ("x = y^2", UNTOLD),
        ("report, wheelbarrow, country, gas", UNTOLD),
    ],
)
def test_a_language_is_told_by_its_script_and_its_function_words(prompt, expected):
    assert languages([prompt]) == [expected]


def test_each_prompt_is_told_for_itself_whatever_stands_beside_it():
    prompts = ["Какая река?", "", "What is the name of it?", "中国的首都"]

    assert languages(prompts) == [languages([prompt])[0] for prompt in prompts]
    assert languages([]) == []


def test_a_prompt_in_two_scripts_counts_by_most_letters():
    assert languages(["Translate: Какая самая длинная река в мире"]) == ["Cyrillic script"]


def test_half_a_character_does_not_stop_the_guess():
    assert languages(["What is the \ud800?"]) == ["English"]
