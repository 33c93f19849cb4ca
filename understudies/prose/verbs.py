"""The verbs that documents are written with, in the forms by which a sentence shows its subject."""

from understudies.prose.sentences import listed

OBJECT_VERBS = listed("""
    absorb accept affect allow announce attract avoid borrow bring build buy capture carry cause collect combine comprise
    confirm consume contain control convert cover create decide define deliver demand describe destroy determine develop
    drive emit enable encourage ensure establish examine exceed exclude explain export express generate govern guarantee
    handle hold identify improve include increase indicate influence inspect install introduce involve issue lack lift
    lower maintain manage manufacture mean measure monitor need observe obtain offer own pollinate prefer prevent produce
    prohibit promote propose protect prove provide publish raise receive recommend record reduce reflect refuse regulate
    reimburse release remove repair replace report represent request require resemble restrict return say seat sell send
    separate serve show specify stimulate store strengthen suggest suit supply support surround tolerate trace train
    transform transmit transport trigger use want weaken win write
""")
VERBS = OBJECT_VERBS | listed("""
    account agree appear apply arise arrive become begin belong break change circulate claim clean close collapse come
    connect consist continue contribute convince cost decline decrease depend derive die differ disappear drop earn eat end
    enter evaporate exist expand expire extend fail fall find flow follow forbid form get give go grow happen join keep
    kill last lay lead learn leave let live look lose make meet melt move occur operate pass patent pay perform put reach
    react refer rely remain renew resist respond result rise rotate run save see serve settle sink sleep stand start stay
    stop submit survive take tell tend travel treat turn understand vary wait warn weigh withdraw work yield
""")
_IRREGULAR = """
    became become began begin broke break brought bring built build bought buy came come drove drive ate eat fell fall
    found find forbade forbid gave give went go got get grew grow held hold kept keep laid lay led lead left leave lost
    lose made make meant mean met meet paid pay ran run rose rise said say saw see sold sell sent send showed show sank sink
    slept sleep stood stand took take told tell understood understand won win withdrew withdraw wrote write stopped stop
    dropped drop referred refer occurred occur preferred prefer submitted submit emitted emit controlled control
""".split()  # noqa: SIM905 - pairs of a past and its verb
PARTICIPLES = listed("""
    become begun been bought broken brought built chosen come cut done driven drawn eaten fallen found given gone grown had
    held hung kept known laid led left lent lost made meant met paid put read risen run seen sent set shown shut sold spent
    taken told understood worn written won
""")


def third_of(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


THIRDS = {third_of(verb): verb for verb in sorted(VERBS)}
# A verb with a past of its own loses nothing by the regular one, which nobody writes.
PASTS = {third.removesuffix("s").removesuffix("e") + "ed": verb for third, verb in THIRDS.items()} | dict(
    zip(_IRREGULAR[::2], _IRREGULAR[1::2], strict=True)
)


def is_participle(word: str) -> bool:
    return word in PARTICIPLES or (word.endswith("ed") and len(word) > 4 and word not in ("hundred", "indeed", "exceed"))


def is_plural(word: str) -> bool:
    low = word.lower()
    known = low in ("people", "children", "men", "women", "data", "bacteria", "police", "staff")
    return known or (len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is", "'s")))
