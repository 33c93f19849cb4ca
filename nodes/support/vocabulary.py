"""The words by which the understudies tell products, what ends their names, and what says nothing."""

from __future__ import annotations


def listed(words: str) -> frozenset[str]:
    """Return words that are written one after the other."""
    return frozenset(words.split())


# What a product is, when it goes back for it.
CONDITIONS = listed("""
    broken faulty defective damaged cracked scratched unwanted wrong incorrect torn leaking malfunctioning useless
    dead unused incompatible unsuitable duplicate
""")
# Words that stand before a product, and are no part of its name.
SKIPPED = listed("""
    a an the my our your his her their this that these those both all some any one two three four five six seven
    eight nine ten of pair pairs set couple piece pieces new brand newly recently just purchased bought ordered
    delivered received matching other second following entire whole single also another existing recent latest last back
    for on to about named called copy copies same product item items products namely please rid
""")
# Words that end the name of a product.
STOPS = CONDITIONS | listed("""
    i we you u it they he she them him us me who which that what where when why how because since as if though
    although while so but and or is isn't are aren't was wasn't were weren't be been has hasn't have haven't had
    hadn't do does doesn't did didn't don't can can't cannot could couldn't will would won't should shall may might
    must for from on in at by with without within to into due owing of after before not never no than then too also
    please pls plz back asap again today tomorrow now yet already still just really very only anymore immediately
    bought purchased ordered received arrived came comes got sent delivered want wanted need needs needed like wanna
    leaks leak leaked broke breaks break stopped stops smells smell rattles rattle wobbles wobble keeps keep makes
    make made flickers flicker collapsed fell falls burns burned burnt died dies failed fails fit fits work works
    worked working turned turns looks look feels feel seems seem gets get shows show lacks lack hurts squeaks squeak
    overheats overheat crashes crashed exploded shrank faded tore ripped cracked snapped jammed buzzes drips
    scratches runs ran lets let gives gave goes went says said doesnt dont isnt wasnt wont cant didnt hasnt its im
    ive id which's there here this these those my our your the a an asking thanks thank regards hi hello via about
    regarding reason bc cuz coz cause free refund refunded money between both each either i'd i'm i've i'll we'd
    we're we've it's they're that's there's you've let's inside outside unopened unused next r u
    becaus
""")
# What is no product: general words, papers, parts of a product, people and times.
NEVER = listed("""
    monday tuesday wednesday thursday friday saturday sunday yesterday christmas sale weekend
    item items product products thing things something anything everything stuff goods order orders purchase
    purchases parcel parcels package packages shipment delivery invoice bill label labels request policy form
    process procedure one ones return returns merchandise money refund article articles half part parts most rest
    amount price total update status question way reason paperwork call mail email account address manager week
    month year day time warehouse shop store system flat house home kitchen husband wife son daughter team number
    instructions screen lens zip battery pump poles pole base button handle motor colour color size box quality
    noise sound smell picture neck lid strap sole seam seams packaging power cable charger's hinge display switch
    plug's fabric material colours colors glass's fan's surface customer message following everyone everybody hand
    send sending give giving bring bringing take taking ship shipping get getting exchange swap replace have keep
    queue shape receipt bday birthday needful list family videos sister brother mother father mum
    mom dad parents neighbour neighbor friend kids children boss colleague partner
    grandson granddaughter boyfriend girlfriend grandma grandpa daughter niece nephew aunt uncle
    hands mind problem issue copy lot bit few couple kind sort issues sense user middle end
""")
# What any letter to any support desk says.
GENERIC = listed("""
    a an the i we you u he she it they me us him her them my our your his its their mine ours yours this that these
    those there here am is are was were be been being do does did have has had can could will would shall should may
    might must and or but so if then than as of for to in on at by with from about regarding re into out up off over
    per i'm i'd i've i'll we're we'd we've it's that's what's you're don't can't hi hello hey dear please pls plz
    kindly thanks thank very much many also too just only really actually still now yet well again help helped
    helping assist assistance support team question questions query queries issue issues problem problems matter
    matters thing things request requests concern concerns enquiry enquire inquiry inquire want wanted need needed
    like wish know let tell ask asking asked wonder wondering write writing contact contacting look looking check
    checking see find explain clarify investigate sort fix resolve solve confirm advise reply respond answer
    response get back happen happened happening going wrong proceed following follow possible able asap soon quickly
    quick urgent urgently today tomorrow immediately first second third firstly secondly thirdly lastly finally next
    another other more few couple several two three four one some any something anything someone somebody anyone
    grateful appreciate appreciated appreciation great good fine nice day anyway what why how who when where which
    yes no not ok okay sorry while meantime time moment hand care deal handle give correct right mean make sense
    understand account sir madam all everything both done regards info information details detail forward hearing
    case situation handled sorted taken kind welcome add additionally furthermore moreover besides unacceptable
    ridiculous long take takes guys love amazing awesome excellent wonderful perfect brilliant fantastic lovely job
    work service keep hope hoping talk sent send manage arrange easiest best way suggest because since
""")
