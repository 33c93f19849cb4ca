"""Common verbs and nouns of English: what can be told from them without a language model."""

from understudies.prose.sentences import listed

# Verbs whose object is asked for with "What does X ...?".
OBJECT_VERBS = listed("""
    absorb affect attract borrow bring build buy capture carry cause collect combine comprise consume contain
    control convert copy cover create cross cut define deliver demand deny describe destroy detect determine
    discover display drive eat emit employ enable encourage ensure establish examine exclude explain export express
    feed forbid form generate govern handle hold identify import improve include increase indicate influence inspect
    install introduce invent involve issue join kill lack limit list maintain manage manufacture mean measure
    monitor need observe obtain offer own pay perform permit print prevent process produce prohibit promote propose
    protect prove provide publish raise receive recommend record reduce reflect regulate release remove repair
    replace represent request require restrict reveal see sell serve show specify stimulate store strengthen supply
    support surround transmit transport treat trigger use want win write
""")
# Verbs asked about with "What does X do?", and the words that may part a subject from its predicate.
OTHER_VERBS = listed("""
    abandon anchor boil vibrate evacuate blink condense circulate accept accompany account achieve acquire act adapt
    add adhere adjust admit adopt advise agree aim allow alter announce apply appoint approve argue arise arrange
    arrive ask assume attack attempt attend avoid award bake become begin believe belong bind bloom breed bury call
    cease celebrate change charge choose claim clean climb close collapse come commission compare compete complete
    confirm connect conquer consider consist constitute construct continue contribute convince cool cost count crash
    cultivate date deal decide declare decline decrease defeat defend demolish depend deposit derive design develop
    die differ dig disappear discuss dissolve distribute divide dominate donate double drop dry earn elect emerge
    end enlarge enter escape estimate evaluate evaporate evolve exceed exist expand expect expire explode explore
    extend face fail fall fight fill finance find finish fish flee float flood flow flower fly focus follow force
    found freeze fuel function fund gain gather get give go grant grow happen harm harvest hatch haul heat help hide
    hope host house hunt ignore impose inform inherit inhabit insist inspire intend interpret interrupt invade
    invest investigate invite jump keep knit know land last launch lay lead leak learn leave lend let lie lift link
    live load look lose make march mark marry match meet melt mention merge migrate mine modify move name negotiate
    note notice occupy occur open operate oppose order organise organize originate overlook overtake pass patent
    penetrate persuade place plan plant play pollinate possess practise practice prefer prepare present preserve
    press privatise proceed promise pull purchase pursue push put qualify quote range reach react read rebuild
    recall recognise recognize recover recruit refer refuse reign reject relate rely remain renew rent repeat report
    rescue resemble reside resign resist resolve respond rest restore result retain retire retrieve return rise
    rotate rule run sail save say search secure seek seem select send separate settle shelter shift shine ship shoot
    shut sign sink sit sleep slow solve sort speak spend spin split sponsor spread stand start state stay steal stem
    stop store struggle study submit succeed suffer suggest suit survey survive swim switch take teach tell tend
    terminate test thrive tour trace trade train transfer transform translate travel trim turn undergo understand
    unite update vanish vary visit vote wait walk warn waste watch wear weigh weaken welcome widen withdraw
    withstand work yield
""")
# Their -s form, or their base form after a plural, is as often a noun or an adjective.
ALSO_NOUNS = listed("""
    account act aim test permit defeat crash divide escape mention reign attack attempt award bloom borrow breed
    call cause change charge claim clean climb close collapse commission complete control cool copy cost count cover
    cross cut date deal decline decrease demand deposit design die display double drive drop dry end estimate export
    face fall feed fight finance fish flood flow flower focus force form found function fuel fund gain grant harm
    harvest hatch haul heat help hold hope host house hunt import increase influence issue jump lack land last
    launch lead leak leave lie lift limit link list live load look march mark match measure mine monitor move name
    need note notice offer open order own pass patent place plan plant play practice present press print process
    produce promise pull purchase push quote range reach read recall record release rent repair report request
    rescue resort rest result return rise rule run sail save search secure separate set shelter shift ship show shut
    sign sink sleep slow sort spin split sponsor spread stand start state stay stem stop store struggle study suit
    supply support survey swim switch tour trace trade train transfer transport travel trigger trim turn update use
    visit vote wait walk waste watch wear welcome win work yield
""")
# Verbs that tell too little for "What does X do?".
STATIC_VERBS = listed("""
    account apply appear arise be become begin belong claim collapse come consist cost count date depend die differ
    emerge end exist expire face fail fall form found get go grow happen have keep last lead lie live lose make mark
    matter name need occur open originate put range reach relate remain resemble rest result rise seem stand start
    stay stem suffice suit take tend vary weigh work
""")
VERBS = OBJECT_VERBS | OTHER_VERBS

IRREGULAR_PASTS = {
    "ate": "eat", "became": "become", "began": "begin", "bought": "buy", "bound": "bind", "brought": "bring",
    "built": "build", "came": "come", "chose": "choose", "dealt": "deal", "drew": "draw", "drove": "drive",
    "fell": "fall", "felt": "feel", "flew": "fly", "fought": "fight", "found": "find", "froze": "freeze",
    "gave": "give", "got": "get", "grew": "grow", "held": "hold", "hid": "hide", "kept": "keep", "knew": "know",
    "laid": "lay", "led": "lead", "left": "leave", "lent": "lend", "lost": "lose", "made": "make",
    "meant": "mean", "met": "meet", "paid": "pay", "ran": "run", "rebuilt": "rebuild", "rose": "rise",
    "said": "say", "sank": "sink", "sat": "sit", "saw": "see", "sent": "send", "shot": "shoot",
    "slept": "sleep", "sold": "sell", "sought": "seek", "spent": "spend", "spoke": "speak", "spun": "spin",
    "stole": "steal", "stood": "stand", "swam": "swim", "taught": "teach", "told": "tell", "took": "take",
    "went": "go", "withdrew": "withdraw", "won": "win", "wore": "wear", "wrote": "write",
}  # fmt: skip
DOUBLING = listed(
    "stop plan refer occur transfer permit submit admit emit transmit drop ship equip control prefer trim knit"
)
PARTICIPLES = listed("""
    built bought brought broken chosen cut done drawn driven found given grown held hidden kept known laid led left
    lent lost made meant met paid put read rebuilt run seen sent set shown shut sold spent split spread taken taught
    thrown told torn understood won worn written born sung spun hit
""")
ROLES = listed("""
    mathematician physicist scientist chemist biologist writer author poet novelist painter artist composer musician
    singer actor actress politician president king queen emperor general philosopher engineer inventor architect
    explorer economist physician doctor nurse lawyer teacher professor saint monk businessman businesswoman
    entrepreneur activist soldier officer sailor astronaut astronomer player footballer athlete historian director
    manager founder photographer journalist pilot designer leader reformer geologist botanist
""")
# Verbs that open an instruction.
IMPERATIVES = listed("""
    add adjust apply attach avoid bake boil bring brush call check choose clean click close combine connect contact
    cook cool cover cut detach disconnect drain draw dry enter fill fit flip fold follow grease heat hold insert
    inspect install keep knead leave lift loosen lower lubricate mix move open peel place plug pour preheat press
    prick pull push raise reduce release remove repeat replace reset return rinse rotate run save scrape screw seal
    select serve set slice slide soak spread sprinkle stir stop store switch take tighten transfer turn type unplug
    unscrew use wait warm wash whisk wipe write
""")


def past_of(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ied"
    return verb + (verb[-1] if verb in DOUBLING else "") + "ed"


def third_of(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


PASTS = {past_of(verb): verb for verb in sorted(VERBS)} | IRREGULAR_PASTS
THIRDS = {third_of(verb): verb for verb in sorted(VERBS)}

# Nouns and adjectives that are no names, so that their capital at the head of a sentence can go.
COMMON = listed("""
    older newer larger smaller bigger higher lower longer shorter younger earlier later certain various numerous
    several adult air animal basic better big blood book bread bridge building business car careful cheap child
    church city clay clean clear climate coal cold commercial common company compost computer concrete container
    copper crew crop customer daily dark data deep demand diesel digital direct drinking dry earth electric
    electricity electronic empty energy engine equipment evidence exercise experience external farm fire fish flat
    flight flower food forest former free fresh fruit fuel full game garden gas general glass global gold good
    government grain granite ground hand hard harbour health heat heavy high home hospital hot household human
    industrial industry information internal international iron labour land large late law lead leather light
    limestone liquid local long low machine main major manual marble market meat medical medicine metal milk minor
    mixed modern money motor music national natural network night noise nuclear ocean office oil old online open
    ordinary organic original outdoor oxygen paint paper passenger patient personal physical plain plant plastic
    plug police poor population positive power pressure previous price primary private professional property public
    pure quality radio rail rain rapid raw recent regional regular research rice rich river road rock royal rural
    safe salt sand school science sea secondary self short silver simple single sleep slow small smart snow social
    software soil solar sound special speed stainless standard steam steel stone storage strong student sugar summer
    sun surface sweet tall tax tea team temperature tenant thermal thick thin timber time total town trade traffic
    training tree tropical typical unpaid urban used user value vegetable visitor warm waste water weak weather wet
    white wide wild wind wine winter wood wool work worker working world yellow young
""")
