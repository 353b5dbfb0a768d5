"""Letters and words."""

from __future__ import annotations

import numpy as np

from pointsman_train.embedded.draw import pick, sample, whole
from pointsman_train.embedded.item import Draft
from pointsman_train.embedded.vocabulary import LONG_WORDS, SENTENCES, SHORT_WORDS

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _edge(rng: np.random.Generator) -> tuple[str, str]:
    word, sentence = pick(rng, LONG_WORDS + SHORT_WORDS), pick(rng, SENTENCES)
    words = sentence.rstrip(".").split()
    return pick(
        rng,
        (
            (f'What is the first letter of the word "{word}"? Answer with one letter.', word[0]),
            (f'What is the last letter of "{word}"? One letter only.', word[-1]),
            (f'Write the word "{word}" in capital letters. Only the word.', word.upper()),
            (f"What is the last word of this sentence? One word only.\n{sentence}", words[-1]),
            (
                f'Put the words "{word}" and "{words[-1]}" together into one word without a space.',
                word + words[-1],
            ),
            (f'Repeat the word "{word}" twice, separated by a space. Nothing else.', f"{word} {word}"),
        ),
    )


def _place(rng: np.random.Generator) -> tuple[str, str]:
    word, sentence = pick(rng, LONG_WORDS), pick(rng, SENTENCES)
    n = whole(rng, 2, 7)
    words = sentence.rstrip(".").split()
    first = pick(rng, SHORT_WORDS)
    return pick(
        rng,
        (
            (f'What is the {_ORDINALS[n - 1]} word of the sentence "{sentence}"? One word '
             f'only.', words[n - 1]),
            (f'How many letters does the word "{word}" have? Number only.', str(len(word))),
            (f'Spell "{first}" with a hyphen between the letters, like c-a-t.', "-".join(first)),
            (f"How many words are in this sentence? Number only.\n{sentence}", str(len(words))),
            (f'Replace every "{first[1]}" in "{first}" with "x". Give only the resulting string.',
             first.replace(first[1], "x")),
        ),
    )  # fmt: skip


def _change(rng: np.random.Generator) -> tuple[str, str]:
    short, word = pick(rng, SHORT_WORDS), pick(rng, LONG_WORDS)
    letter = pick(rng, word)
    trio = sample(rng, SHORT_WORDS, whole(rng, 3, 4))
    return pick(
        rng,
        (
            (f'Reverse the word "{short}". Reply with the reversed word only.', short[::-1]),
            (f'How many times does the letter "{letter}" occur in "{word}"? Number '
             f'only.', str(word.count(letter))),
            (f"Take the first letter of each word and join them: {', '.join(trio)}. Only the result.",
             "".join(w[0] for w in trio)),
            (f'Write the words of "{" ".join(trio)}" in reverse order, separated by spaces. Only the words.',
             " ".join(reversed(trio))),
            (f'Delete the first two letters of "{word}" and write what is left.', word[2:]),
        ),
    )  # fmt: skip


def _rebuild(rng: np.random.Generator) -> tuple[str, str]:
    word, sentence = pick(rng, LONG_WORDS), pick(rng, SENTENCES)
    letter = pick(rng, "aeost")
    half = whole(rng, 2, 4)
    return pick(
        rng,
        (
            (f'Write "{word}" backwards. Only the result.', word[::-1]),
            (f'Remove all vowels (a, e, i, o, u) from "{word}". Only the result.',
             "".join(c for c in word if c not in "aeiou")),
            (f'How many times does the letter "{letter}" occur in this sentence, upper and lower case alike? '
             f"Number only.\n{sentence}", str(sentence.lower().count(letter))),
            (f'Move the first {half} letters of "{word}" to its end. Only the '
             f'result.', word[half:] + word[:half]),
            (f'Write every second letter of "{word}", starting with the first. Only the letters, '
             f'joined.', word[::2]),
        ),
    )  # fmt: skip


def strings(rng: np.random.Generator, level: int) -> Draft:
    """Return a task on the letters of a word or the words of a sentence; levels 1 to 4."""
    text, answer = (_edge, _place, _change, _rebuild)[level - 1](rng)
    return Draft(text, "number" if answer.isdigit() else "exact", answer)
