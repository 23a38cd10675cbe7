"""Words that decide whether a sentence or a term can be asked about. Found by reading what went wrong without them."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# They point out of the sentence: to the speaker, the listener, the room or something said before.
SPEAKERS = _words("i me my mine myself we us our ours ourselves you your yours yourself let's")
POINTERS = _words("this that these those such same latter former aforementioned here above")
ANAPHORS = _words("he him his she her hers it its they them their theirs itself themselves himself herself")
NOBODIES = _words("nobody somebody everybody anybody someone everyone anyone something everything nothing")

# Said about the lecture, not in it.
META = _words(
    """lecture chapter lesson course class video homework exam quiz session topic today tomorrow yesterday tonight
    welcome hello thank thanks please remember imagine goodbye okay ok anyway example instance picture question diagram
    figure"""
)

# Of these, what no definition holds either.
TALK = _words("lecture chapter lesson homework today tomorrow yesterday")

# A definition may begin behind these; they carry nothing of it.
OPENERS = _words("now so well then okay and but also right yes basically finally")

# Adverbs that turn "is" into something else than a definition.
HEDGES = _words(
    """not never n't perhaps maybe often sometimes usually rarely seldom still probably possibly almost hardly
    likely mostly partly once again too only even always no"""
)

# Nouns that say nothing by themselves: no answer, no wrong answer, and nobody's definition.
EMPTY_NOUNS = _words(
    """thing stuff way kind sort type form part piece bit lot number amount place area side end start beginning middle
    top bottom rest time year month week day hour minute second moment century decade period age morning night evening
    people person man woman child anyone other one example reason result cause effect case fact idea point problem issue
    question answer purpose goal aim step stage level rate size degree use usage name word term set group series variety
    range majority minority half quarter third member world life living work job change difference matter sense
    order turn role key mean means manner direction position condition situation instance aspect feature factor
    item object element unit length width height weight depth distance speed rise fall loss gain increase decrease
    growth help chance need want fun trouble everything nothing something anything line row pair couple dozen hundred
    thousand million billion percent today tomorrow yesterday week-end layer mass strip opening edge mouth
    process method system total sum share mixture ability right control exchange list sheet region back front inside
    outside surface center centre bc ad reader listener student teacher course lecture million"""
)

# Heads that make a phrase no definition: "X is an example of ...", "X is a problem that ...".
EMPTY_HEADS = _words(
    """example reason result cause problem issue question answer point goal case fact topic one matter pity shame
    surprise thing difference mistake success favourite favorite friend
    challenge story good bad"""
)

# With "of" they only count: "X is a number of ...".
COUNTERS = _words("number lot bit couple series range variety majority")

# Adjectives that fit everything, or that need something else to compare with.
EMPTY_ADJECTIVES = _words(
    """many much more most few little several various certain different same other another such own whole entire
    first second third fourth next last previous following final main important good bad great big large small long
    short high low new old young early late real true common usual special simple single double general particular
    famous interesting nice enormous huge tiny additional possible similar higher lower larger smaller bigger greater
    better worse longer shorter older newer fewer less enough only full empty typical modern ancient early recent
    main major minor"""
)

# spaCy's names of entities, as far as they can be asked about, and what we ask them as.
ENTITY_KINDS = {
    "PERSON": "PERSON",
    "GPE": "COUNTRY",  # or a city: never beside a river
    "LOC": "PLACE",
    "FAC": "PLACE",
    "ORG": "GROUP",
    "EVENT": "EVENT",
    "WORK_OF_ART": "WORK",
    "LAW": "WORK",
    "PRODUCT": "PRODUCT",
}
