"""What a model may write of its own in a reply: the words, the things it may speak about, and the whole phrases."""

from __future__ import annotations

WORDS = """
    a about above additional again also always an and another answer answers any anything apologies apologise
    apologising apologize apology appreciate appreciated as ask asking assist assistance at attention bearing
    beginning being below best between bit bonjour brief bringing business but by bye care checking cheers choosing
    ciao colleagues completely concern concerning concerns confusion continued cordialement customer customers dank
    danke dear deepest department desk disappointment e-mail each email enjoy enquiries enquiry entirely esteemed
    ever feedback finally first firstly following for freundliche freundlichen friend friendly friends from
    frustrating frustration fully further genuine genuinely glad gladly goodbye gracias grateful gratitude grazie
    great greetings grüße grüßen guten hallo happily happy hearing heartfelt hello help helpful helping helps hey hi
    hola honest honestly hope i in inconvenience inquiries inquiry it its joy just kind kindest kindly kindness last
    lastly latest letter lot lots lovely loyal loyalty madam mail many matter me merci message messages mit more mr
    mrs ms much my news next nice note now of on ongoing or other others our ourselves out overview patience
    patiently pleasant please pleasure point points queries query question questions quick raising reaching really
    regard regarding regards regret reply respect respectfully respond saludos second secondly service services
    serving sharing short simply sincere sincerely sincerest sir so some something sorry start status summary
    support support-team tag taking team telling thank thankful thanks that the them then these third thirdly this
    those through time to too totally touch trouble truly trust turning understand understanding unfortunately
    update updates us useful value valued very vielen waiting warm warmest warmly we welcome wholeheartedly wish
    wishes with wonderful words write writing you your yourself
"""
THINGS = """
    bill bills case invoice invoices item items order orders package parcel product products purchase request
    requests return returns shipment
"""
NAME = "\ue001"  # what stands for a name of the point, once it is found
# Regular expressions, one a line; each is matched whole, and those in braces are these:
PARTS = {
    "we": "(?:we|i)",
    "day": "(?:rest of (?:your|the) )?(?:day|week|weekend|evening|afternoon|morning)(?: ahead)?",
    "lovely": "(?:(?:very|truly|most|great|nice|lovely|wonderful|pleasant|good|beautiful|fantastic|best) )*",
    "glad": "(?:happy|glad|pleased|delighted|sorry|grateful|thankful|here|(?:only |just )?a message away)",
    "very": "(?:(?:so|very|truly|really|always|only|just|more than|also|all|most|quite|deeply|genuinely) )*",
    "felt": "(?:important|frustrating|disappointing|inconvenient|annoying|unpleasant|upsetting|worrying|stressful|"
    "difficult|confusing|disheartening|appreciated|a pleasure|a joy|an honou?r|a pity|a privilege)",
    "hoped": "(?:had |were |are )?(?:hop|wish|expect|want)(?:ed|ing)(?: for)?",
    "it": f"(?:you|it|this|that|things|(?:(?:the|your) )?(?:product|item|order|purchase|(?:order )?{NAME}))",
    "bad": "(?:unexpected|bad|disappointing|difficult|not so good|less pleasant|unwelcome|sad)",
    "points": "(?:points|questions|concerns|matters|issues)",
    "the": "(?:(?:all )?(?:the |our |your |an? ))?",
    "answers": "(?:answers?|details|overview|updates?|summary|reply|news)",
    "not": "(?:did|was|were|is|are|has|may|might)(?: not|n't)(?: be| been)?",
    "pleasing": "(?:suit(?:ed)? you|work(?:ed)?(?: out)?(?: for you)?|to your liking|"
    "(?:happy|satisfied)(?: with (?:it|this|us))?|"
    "(?:meet|met) your expectations|(?:right|a good fit) for you|what you (?:had )?(?:hoped|expected|wanted)(?: for)?)",
}
PHRASES = r"""
(?:hi|hello|hey) there
good (?:day|morning|afternoon|evening|news)
great news
{we}(?:'re|'m| are| am| remain) {very}{glad}
{we}(?:'ll| will| would|'d) (?:be )?{very}(?:happy|glad|pleased|delighted|love|like|gladly)
{we}(?:'ll| will) {very}be here
{we} (?:do )?{very}(?:know|realise|realize|see)(?= (?:that )?(?:how|this|it|an?|the wait|waiting|you(?:'re| are))(?!\w))
{we} can (?:tell you|help|assist|say)
{we}(?:'m| am|'re| are) afraid
(?:{we} (?:are |am )?)?look(?:ing)? forward to
(?:how )?(?:can|could|may) {we} (?:be of (?:further )?(?:help|assistance|service)|help|assist)
how {felt} (?:this|it|that) (?:is|was|must be|can be|may be)
(?:an? )?unexpected (?:amount|charge|bill|invoice|delay) (?:is|can be) {very}{felt}
{we} take (?:your |such |all )?(?:{points}|feedback)(?: like (?:this|these|yours))? {very}seriously
(?:{we} have )?(?:to share )?(?:some )?{bad} news(?: here| for you| to share)?
{we} have an? (?:answer|reply|update)(?: for you| to share)?
{we} need (?:a little |some |a bit of )?(?:your )?help(?: from you)?(?: here)?
{we} (?:hate|hated|regret) to disappoint(?: you)?
to (?:have to )?disappoint you
(?:let's|let us|let me)(?: now)? take a (?:closer )?look at (?:each|all|both) of (?:them|these|your {points})
you(?:'ll| will| can)? find {the}{answers}
below you(?:'ll| will| can) find
you (?:have|had) (?:several|a few|some|a couple of) (?:questions|concerns)
bringing (?:these|this|them|it) (?:{points} )?to (?:our|my) attention
it(?:'s| is) (?:always )?(?:great|good|lovely|nice|wonderful) to hear from you
what (?:to do|you need to do|you can do|comes|happens) next
(?:the )?next steps?
(?:the )?(?:current|latest) (?:status|state|news)
(?:do )?(?:get|getting) in touch
contact(?:ing|ed)? (?:us|me|our)
reach(?: out)?(?: to)? (?:us|me|our)
reach(?:ing)? out
once (?:again|more)
(?:shopping|staying) with us
(?:sincerely|truly|faithfully|respectfully|warmly|kindly) yours|yours(?=,| the |$)
waiting for (?:your|the) (?:parcel|package|order|delivery|reply|answer)
(?:this|these|it|that) (?:is|are)(?:n't| not) the (?:answer|news|reply|outcome) (?:that )?you (?:{hoped}|wanted)
(?:this|it|that|waiting|the wait)(?:'s| is| was| has been| must be| may be| can be| must feel) {very}{felt}
it(?:'s| is| was| has been)? (?:always |truly |really )?(?:an? |our |my )(?:real )?(?:pleasure|joy|honou?r|pity)
let (?:us|me) (?:know|start|begin|go through|walk you through)
let's (?:go through|start|begin)
letting (?:us|me) (?:know|hear)
(?:if|should) you (?:ever |still |do )?(?:have|need|require|want|like|wish)
if there(?:'s| is| are)
if any(?:thing|thing else) (?:is|seems|remains|comes)(?: still)? (?:unclear|up)
whenever you (?:need|like)
(?:is there )?anything (?:else )?(?:that )?{we} (?:can|could|may) (?:do(?: for you)?|help(?: you)?|assist(?: you)?)
is there anything else
(?:any|some)thing else|else
have an? {lovely}{day}
(?:wish(?:ing)? you|enjoy) (?:an?|the|your|all) {lovely}{day}
here(?:'s| is| are|'re)
here(?:'s| is) (?:what|how|where|all|everything) (?:that )?{we} (?:have |can )?(?:found|tell you|say|know|stand|are)
here(?:'s| is) (?:what|how|where|all|everything) (?:that )?(?:things stand|it (?:all )?works|you (?:need|asked|wanted))
what {we} (?:have found|found|can tell you|can say|know)
here you (?:are|go)
here are (?:all )?the details
(?:any|some|more|further) (?:other |further )?details
(?:please )?(?:find|see)(?= (?:the|our|your|all|below|more)(?!\w))
having(?= (?:to|you|us)(?!\w))
you (?:(?:have|'ve) )?asked(?: us)?(?= (?:about|for))
(?:that |which )?you (?:(?:have|'ve) )?(?:wrote|raised|mentioned|brought)(?: us| to| up)?
you(?:'re| are) (?:always |most |very )*welcome
you(?:'re| are) (?:doing )?well
finds? you well
as well
you(?:'re| are) (?:eagerly )?(?:looking forward to|waiting for)
you (?:can|may) always
(?:do not|don't|never) hesitate
feel free
take your time
one by one|one at a time|one after the other|this one|each one|in turn|at any time|any time|anytime|in case
all the best|to all of your|all of your|all your|all of us|all these|to all
(?:writing|writing in|reaching out|contacting us|getting in touch|with us|to us) today
last but not least
(?:get|write) back to us
yours (?:sincerely|faithfully|truly)
rest assured
(?:(?:and|please|so) |^|(?<=[.!] ))take care(?= *(?:[.!,]|$))
stay (?:well|safe)(?= *[.!])
(?:clears|cleared) (?:things|this|that|it) up
(?:to )?hear(?:ing)? (?:back )?from you(?: again)?(?: soon)?
for the (?:long )?wait
(?:this|that|it|the wait) (?:may|might|has|have) (?:have )?caused(?: you)?
(?:for )?being (?:our|a|such a) (?:valued |loyal |great )*customer
to hear(?: (?:that|about|of|from|this|it|so))?(?! us)
(?<=sorry )(?:to (?:hear|learn|read) )?(?:that )?{it} {not} {pleasing}
(?<=pity )that {it} {not} {pleasing}
(?:this|that|it) {not} (?:the (?:answer|news|outcome|reply) )?(?:that |what )?you {hoped}
"""
