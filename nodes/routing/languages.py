"""Tell whether a message is in English, as far as the rules can read."""

from __future__ import annotations

import re

from nodes.routing.clauses import ends
from understudies.prose.english import ENGLISH, FOREIGN, FUNCTION_WORDS
from understudies.prose.sentences import listed

# Small words of other European languages that are no English words.
ABROAD = (
    FOREIGN
    | listed("""
        ich mein meine mich mir sie wir kann bitte habe haben wurde nicht wann warum kein keine sehr danke zu den dem
        ein eine auf bei je mon ma mes nous vous votre pas ne pourquoi quand suis ai merci bonjour sur pour avec mi mis
        su puedo tengo esta porque cuando gracias hola favor para el una mio mia sono ho grazie perche quando con ik
        mijn niet waarom kan dank naar meu minha nao eu obrigado jag min mitt inte kan varfor jeg ikke hvorfor mam moje
        nie dlaczego jak czy moja
    """)
) - (FUNCTION_WORDS | ENGLISH)
WORD = re.compile(r"[^\W\d_]+")
LAST_LATIN = "\u024f"


def is_english(query: str) -> bool:
    """Tell whether a message is more likely in English than not; a few bare words are taken for English."""
    words = WORD.findall(ends(query).lower())
    letters = sum(map(len, words))
    foreign_script = sum(letter > LAST_LATIN for word in words for letter in word)
    abroad = sum(word in ABROAD for word in words)
    at_home = sum(word in FUNCTION_WORDS or word in ENGLISH for word in words)
    return 2 * foreign_script <= letters and abroad <= at_home
