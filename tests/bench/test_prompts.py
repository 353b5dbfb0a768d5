from __future__ import annotations

import pytest
from bench.prompts import LENGTHS, read_embedded


@pytest.mark.parametrize("length", LENGTHS)
def test_a_text_has_the_words_that_were_asked_for_and_begins_as_a_prompt_does(length):
    corpus = read_embedded()
    texts = corpus.texts(length)
    assert {len(text.split()) for text in texts} == {length}
    assert len(texts) >= 50
    assert {text.split()[0] for text in texts} <= {prompt.split()[0] for prompt in corpus.prompts}


def test_the_same_texts_come_every_time():
    assert read_embedded().texts(20) == read_embedded().texts(20)
