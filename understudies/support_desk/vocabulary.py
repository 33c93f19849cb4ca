"""The words by which the understudies tell products, what ends their names, and what says nothing."""

from __future__ import annotations

# What any letter to any support desk says.
_GENERIC = """
a an the i we you u he she it they me us him her them my our your his its their mine ours yours this that these those
there here am is are was were be been being do does did have has had can could will would shall should may might must
and or but so if then than as of for to in on at by with from about regarding re into out up off over per i'm i'd i've
i'll we're we'd we've it's that's what's you're don't can't hi hello hey dear please pls plz kindly thanks thank very
much many also too just only really actually still now yet well again help helped helping assist support team question
questions query queries issue issues problem problems matter matters thing things request requests concern concerns
enquiry inquiry inquire want wanted need needed like wish know let tell ask asking asked wonder wondering write writing
contact contacting look looking check checking see find explain investigate sort fix resolve solve confirm advise reply
respond answer response get back happen happened happening going wrong following follow possible able asap soon quickly
quick urgent urgently today tomorrow immediately first second third finally next another other more few couple several
two three four one some any something anything someone somebody anyone appreciate great good fine nice day anyway what
why how who when where which yes no not ok okay sorry while time moment hand care deal handle give correct right mean
make sense understand account all everything both done regards info information details detail forward hearing case
situation handled sorted taken kind welcome add long take takes guys love amazing job work service keep hope hoping talk
sent send manage arrange best way because since
"""
# What a product is, when it goes back for it.
_CONDITIONS = """
broken faulty defective damaged cracked scratched unwanted wrong incorrect torn leaking malfunctioning useless dead
unused incompatible unsuitable duplicate
"""
# Words that stand before a product, and are no part of its name.
_SKIPPED = """
a an the my our your his her their this that these those both all some any one two three four five six seven eight nine
ten of pair pairs set couple piece pieces new brand newly recently just purchased bought ordered delivered received
matching other second following entire whole single also another existing recent latest last back for on to about named
called copy copies same product item items products namely please rid
"""
# Words that end the name of a product.
_STOPS = """
though although isn't aren't wasn't weren't hasn't haven't hadn't doesn't didn't cannot couldn't won't without within
due after before never already anymore bought purchased ordered received arrived came comes got delivered needs wanna
leaks leak leaked broke breaks break stopped stops smells smell keeps makes made fell falls died dies failed fails fit
fits works worked working looks feels feel seems seem gets shows show hurts faded cracked scratches runs ran lets gives
gave goes went says said doesnt dont isnt wasnt wont cant didnt hasnt unopened im ive id reason bc cuz coz cause free
refund refunded money between they're there's you've inside outside r
"""
# What is no product: general words, papers, parts of a product, people and times.
_NEVER = """
monday tuesday wednesday thursday friday saturday sunday yesterday weekend item items product products stuff goods order
orders purchase purchases parcel parcels package packages shipment delivery invoice bill label labels policy form ones
return returns money refund article half part parts most rest amount price total update status reason call mail email
address manager week month year warehouse shop store system flat husband wife son daughter number screen lens zip
battery pump button motor colour color size box quality noise sound smell picture seam seams packaging power cable
display switch fabric material colours colors surface customer message everyone everybody sending giving bring bringing
taking ship shipping getting exchange swap replace queue shape receipt bday birthday list family videos sister brother
mother father mum mom dad parents friend kids boss mind copy lot bit
"""

GENERIC = frozenset(_GENERIC.split())
CONDITIONS = frozenset(_CONDITIONS.split())
SKIPPED = frozenset(_SKIPPED.split())
STOPS = GENERIC.union(CONDITIONS, _STOPS.split())
NEVER = GENERIC.union(_NEVER.split())
