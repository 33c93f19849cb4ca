"""The small words of English, by which a sentence can be taken apart without a language model."""


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


DETERMINERS = listed("the a an this that these those its their his her our your my each every no any some all both")
PREPOSITIONS = listed("""
    of in on at for from to by with within without into onto upon over under between among through throughout during
    after before since until against about across along around behind below beneath beside beyond despite except
    inside near off out outside past per than toward towards up down via like as unlike amid above
""")
PRONOUNS = listed("""
    it they he she we i you them him us me himself herself itself themselves this that these those there here someone
    anyone everyone somebody nobody nothing something anything everything such another others other one ones each both
    neither either none all some many few several most more much less who what which whom whose same former latter
""")
OWNERS = listed("its their his her our my your this these those such")
LINKERS = listed("""
    that which who whom whose where when while because although though if unless whereas whether why how so but nor
    or than as until since once lest
""")
ADVERBS = listed("""
    also often always usually typically generally normally commonly still now then however therefore thus hence never
    sometimes rarely seldom already just only even mainly mostly largely currently today soon again both almost nearly
    too very quite rather well far much more most together online instead indeed first further ever
""")
LY_NOUNS = listed("family supply assembly reply fly july daily weekly monthly yearly apply multiply rely only")
HAVE = listed("has have had")
NEGATED = {f"{verb}n't": verb for verb in listed("is are was were does do did should could would must")}
NEGATED |= {"can't": "can", "cannot": "can", "won't": "will"}
AUXILIARIES = HAVE | NEGATED.keys() | frozenset(NEGATED.values()) | {"may", "might", "shall"}
_COUNTED = """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion
""".split()  # noqa: SIM905 - as a list of literals it would fill the screen
NUMBERS = dict(zip(_COUNTED, [*range(2, 21), *range(30, 100, 10), 100, 1_000, 10**6, 10**9], strict=True))
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
FUNCTION_WORDS = DETERMINERS | PREPOSITIONS | PRONOUNS | OWNERS | LINKERS | ADVERBS | AUXILIARIES
FUNCTION_WORDS |= listed("and be been being not due etc e.g i.e per alone")


def is_adverb(word: str) -> bool:
    return word in ADVERBS or (word.endswith("ly") and word.lower() not in LY_NOUNS)


def is_foreign(text: str) -> bool:
    """Tell text of another language: in other letters, or of some length and without a small word of English."""
    words = {word.strip(".,;:!?()") for word in text.lower().split()}
    return sum(map(str.isascii, text)) < 0.85 * len(text) or (len(words) > 3 and FUNCTION_WORDS.isdisjoint(words))
