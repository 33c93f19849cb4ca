"""The verbs that documents are written with, in the forms by which a sentence shows its subject."""

from understudies.prose.english import listed

VERBS = listed("""
    absorb accept account affect agree allow announce appear apply arise arrive attract avoid become begin belong
    borrow break bring build buy carry cause change claim close collapse collect combine come comprise condense confirm
    connect consist consume contain continue contribute control convert cost cover create decide decline decrease
    define deliver demand depend describe destroy determine develop differ disappear drive drop earn eat emit enable
    encourage end ensure enter establish evaporate examine exceed exclude exist expand expire explain export extend
    fail fall find follow forbid form generate get give go govern grow guarantee handle happen hold identify improve
    include increase indicate inspect install introduce involve issue join keep kill lack last lay lead leave let lift
    live look lose lower maintain make manage manufacture mean measure meet melt move need observe obtain occur offer
    operate own pass patent pay prefer prevent produce prohibit promote protect prove provide publish put raise reach
    react receive recommend record reduce refer reflect refuse reimburse release rely remain remove renew repair
    replace report represent request require resemble resist respond restrict result return rise run save say seat see
    sell send separate serve settle show sink sleep specify stand start stay stop store strengthen submit suggest suit
    supply support surround survive take tell tend tolerate train transmit transport travel trigger turn use vary wait
    want weaken win work write yield
""")
_IRREGULAR = """
    became become began begin broke break brought bring built build bought buy came come drove drive ate eat fell fall
    found find gave give went go got get grew grow held hold kept keep laid lay led lead left leave lost lose made make
    met meet paid pay ran run rose rise said say saw see sold sell sent send sank sink slept sleep stood stand took take
    told tell won win wrote write stopped stop dropped drop referred refer occurred occur
""".split()  # noqa: SIM905 - pairs of a past and its verb


def third_of(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


THIRDS = {third_of(verb): verb for verb in sorted(VERBS)}
# A verb with a past of its own loses nothing by the regular one, which nobody writes.
PASTS = {third.removesuffix("s").removesuffix("e") + "ed": verb for third, verb in THIRDS.items()}
PASTS |= dict(zip(_IRREGULAR[::2], _IRREGULAR[1::2], strict=True))


def is_plural(word: str) -> bool:
    low = word.lower()
    known = low in ("people", "children", "men", "women", "data", "bacteria", "police", "staff")
    return known or (len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is", "'s")))
