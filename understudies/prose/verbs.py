"""The verbs that documents are written with, in the forms by which a sentence shows its subject."""

from understudies.prose.english import listed

OBJECT_VERBS = listed("""
    absorb accept affect allow announce attract avoid borrow bring build buy carry cause combine comprise confirm
    consume contain control convert cover create decide define deliver demand describe destroy determine develop drive
    emit enable encourage ensure establish examine exceed exclude explain export generate govern guarantee handle hold
    identify improve include increase indicate inspect install introduce involve issue lack lift lower maintain manage
    manufacture mean measure monitor need observe obtain offer own prefer prevent produce prohibit promote protect prove
    provide publish raise receive recommend record reduce reflect refuse reimburse release remove repair replace
    report represent request require resemble restrict return say seat sell send separate serve show specify store
    strengthen suggest suit supply support surround tolerate train transmit transport trigger use want weaken win write
""")
VERBS = OBJECT_VERBS | listed("""
    account agree appear apply arise arrive become begin belong break change claim close collapse come connect consist
    continue contribute cost decline decrease depend differ disappear drop earn eat end enter exist expand expire extend
    fail fall find follow forbid form get give go grow happen join keep kill last lay lead leave let live look lose make
    meet melt move occur operate pass patent pay put reach react refer rely remain renew resist respond result rise run
    save see settle sink sleep stand start stay stop submit survive take tell tend travel turn vary wait work yield
""")
_IRREGULAR = """
    became become began begin broke break brought bring built build bought buy came come drove drive ate eat fell fall
    found find forbade forbid gave give went go got get grew grow held hold kept keep laid lay led lead left leave lost
    lose made make meant mean met meet paid pay ran run rose rise said say saw see sold sell sent send sank sink slept
    sleep stood stand took take told tell won win wrote write stopped stop dropped drop referred refer occurred occur
""".split()  # noqa: SIM905 - pairs of a past and its verb
PARTICIPLES = listed("""
    become begun been bought broken brought built chosen come cut done driven drawn eaten fallen found given gone grown
    had held kept known laid led left lent lost made meant met paid put read risen run seen sent set shown shut sold
    spent taken told understood worn written won
""")


def third_of(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


THIRDS = {third_of(verb): verb for verb in sorted(VERBS)}
# A verb with a past of its own loses nothing by the regular one, which nobody writes.
PASTS = {third.removesuffix("s").removesuffix("e") + "ed": verb for third, verb in THIRDS.items()}
PASTS |= dict(zip(_IRREGULAR[::2], _IRREGULAR[1::2], strict=True))


def is_participle(word: str) -> bool:
    return word in PARTICIPLES or (word.endswith("ed") and len(word) > 4 and word != "hundred")


def is_plural(word: str) -> bool:
    low = word.lower()
    known = low in ("people", "children", "men", "women", "data", "bacteria", "police", "staff")
    return known or (len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is", "'s")))
