"""English: the word tables of ``abbreviations`` and ``capitals``. Data only; the rules are there."""

from __future__ import annotations

# A full stop after these belongs to the abbreviation; the sentence continues.
TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "Gov": "Governor",
    "Gen": "General", "Sgt": "Sergeant", "Capt": "Captain", "Lt": "Lieutenant", "Col": "Colonel", "Rev": "Reverend",
    "Hon": "Honorable", "Sen": "Senator", "Rep": "Representative", "Pres": "President", "Mt": "Mount", "Ft": "Fort",
    "Maj": "Major", "Cpl": "Corporal", "Pvt": "Private", "Adm": "Admiral", "Cmdr": "Commander",
    "Supt": "Superintendent", "Det": "Detective", "Insp": "Inspector", "Atty": "Attorney", "Messrs": "Messieurs",
    "Mme": "Madame", "Mlle": "Mademoiselle", "Fr": "Father", "Ald": "Alderman", "Brig": "Brigadier",
    "Lieut": "Lieutenant", "Pfc": "Private First Class", "Spc": "Specialist", "Amb": "Ambassador",
}  # fmt: skip
# These may also end a sentence; then the full stop stays.
WORDS = {
    "Jr": "Junior", "Sr": "Senior", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Co": "Company",
    "Bros": "Brothers", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Dept": "Department",
    "dept": "department", "Regt": "Regiment", "Bn": "Battalion",
    "Univ": "University", "Assn": "Association", "Assoc": "Associates", "Govt": "Government", "govt": "government",
    "Mfg": "Manufacturing", "Intl": "International", "Natl": "National", "Mgr": "Manager", "Asst": "Assistant",
    "etc": "et cetera", "approx": "approximately", "Approx": "Approximately", "max": "maximum", "Max": "Maximum",
    "Min": "Minimum",
    "incl": "including", "avg": "average", "Avg": "Average", "misc": "miscellaneous", "viz": "namely",
    "excl": "excluding", "wks": "weeks", "yrs": "years", "hrs": "hours", "mins": "minutes",
    "Feb": "February", "Aug": "August", "Sept": "September", "Oct": "October", "Nov": "November", "Dec": "December",
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thurs": "Thursday",
    "Fri": "Friday", "Esq": "Esquire", "doz": "dozen", "deg": "degrees", "vs": "versus", "Vs": "Versus",
}  # fmt: skip
BEFORE_NUMBER = {
    "No": "number", "Nos": "numbers", "Fig": "figure", "fig": "figure", "Figs": "figures",
    "Vol": "volume", "vol": "volume", "Ch": "chapter", "ch": "chapter", "p": "page", "pp": "pages",
    "Op": "opus", "chap": "chapter", "Chap": "chapter", "para": "paragraph", "Para": "paragraph", "vols": "volumes",
    "Vols": "volumes", "nos": "numbers", "chs": "chapters", "Matt": "Matthew", "Cor": "Corinthians", "Ps": "Psalm",
    "Eq": "equation", "eq": "equation", "Eqs": "equations", "Sec": "section", "Apt": "apartment", "Art": "article",
    "Ste": "suite", "Fl": "floor", "Bldg": "building", "Rm": "room", "Mk": "Mark", "Tel": "telephone", "Pt": "part",
    "Rev": "revision", "pop": "population", "Pop": "population", "NO": "number", "VOL": "volume", "FIG": "figure",
    "c": "circa", "ca": "circa", "Lvl": "level", "lvl": "level", "Rte": "route", "Hwy": "highway",
    "Lv": "level", "pg": "page", "Pg": "page", "Ext": "extension", "ext": "extension",
    "Est": "established", "est": "established",
}  # fmt: skip
_FUNCTION_WORDS = """
    a about above across after again against ago all almost alone along already also although always am among an and
    another any anybody anyone anything anyway are aren't around as at away back be because been before behind being
    below beneath beside besides between beyond both but by can can't cannot could couldn't despite did didn't do does
    doesn't don't down during each either else enough even ever every everybody everyone everything except few fewer
    finally first for from get go had hadn't has hasn't have haven't having he he'd he'll he's hence her here hers
    herself him himself his how however i i'd i'll i'm i've if in indeed inside instead into is isn't it it's its
    itself just later least less let let's like likely many may maybe me meanwhile might mine more moreover most much
    must my myself near nearly neither never nevertheless next no nobody none nor not nothing now of off often oh on
    once one only onto or other others otherwise our ours ourselves out outside over per perhaps please quite rather
    really said same shall she she'd she'll she's should shouldn't since so some somebody somehow someone something
    sometimes somewhere soon still such sure than that that's the their theirs them themselves then there there's
    thereafter therefore these they they'd they'll they're they've this those though through throughout thus till to
    today together tomorrow tonight too toward towards two under unless unlike until up upon us very was wasn't we we'd
    we'll we're we've well were weren't what what's whatever when whenever where wherever whether which whichever while
    who who's whoever whole whom whose why will with within without won't would wouldn't yes yesterday yet you you'd
    you'll you're you've your yours yourself people
"""
# Words that are no names and no nouns; capitalised, they begin a sentence.
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
# "May", "Will" and words that begin the names of institutions ("U.S. First Army") are not among these.
SENTENCE_STARTERS = tuple(
    sorted(word.capitalize() for word in FUNCTION_WORDS - {"back", "first", "like", "may", "next", "will", "said"})
)
ACRONYMS = {  # of two to five letters; none is a word that may be stressed by capitals
    "NATO", "NASA", "UN", "EU", "UK", "USA", "UAE", "FBI", "CIA", "NSA", "BBC", "CNN", "NBC", "CBS", "NHS", "NYC",
    "NYPD", "IRS", "DNA", "RNA", "GPS", "TV", "DVD", "CD", "PC", "CPU", "GPU", "API", "URL", "HTML", "HTTP",
    "HTTPS", "CSS", "SQL", "JSON", "XML", "PDF", "USB", "HDMI", "LCD", "SMS", "VIP", "CEO", "CFO", "CTO", "MBA",
    "PM", "UTC", "GMT", "UFO", "ATM", "FAQ", "NPC", "RPG", "XP", "HP", "AI", "ML", "VR", "QA", "UX", "UI", "HR",
    "IBM", "BMW", "UCLA", "MTV", "NBA", "NFL", "NHL", "FIFA", "UEFA", "OECD", "IMF", "NGO", "RSVP", "DJ", "DIY",
    "TNT", "IQ", "FM", "ECB", "IPO", "ETF", "EPA", "FDA", "FAA", "USAF", "ICU", "ABC", "NYU", "MIT", "ESPN", "IOC",
    "EMT", "ADHD", "HIV", "AP", "EV", "ISS", "ESA", "ISO", "CIO", "COO", "ROI", "KPI", "SEO", "SUV", "RAF", "MRI",
    "ETA", "ID", "APR", "OMG", "LOL", "BRB", "WTF", "OK",
}  # fmt: skip
LETTERED = {  # words before a letter that is not an initial: "plan B"
    "a", "an", "the", "plan", "vitamin", "grade", "type", "group", "option", "class", "section", "exhibit",
    "part", "point", "room", "gate", "team", "step", "appendix", "hepatitis", "letter", "answer", "block", "unit",
    "level",
}  # fmt: skip
# Words of two to five letters that are often stressed by capitals; without those that are also acronyms (US, WHO).
_STRESSED = """
    ABLE ABOUT ABOVE ACT AFTER AGAIN AGO AH ALIVE ALL ALONE ALSO AN AND ANGRY ANY ARE ARM ARMS AS ASK AT ATE AWAY AWE
    BABY BACK BAD BAG BE BED BEEN BEG BEGIN BELOW BEST BET BIG BIT BLACK BLAME BLIND BLOOD BLUE BODY BOMB BOOK BOOM BOTH
    BOX BOY BRAVE BREAK BRING BUILD BURN BUT BUY BUYS BY BYE CALL CAN CARE CATCH CAUSE CHILD CITY CLEAN CLEAR CLICK
    CLOSE COLD COME COULD COVER CRAZY CUT CUTS DAMN DANCE DARE DARK DAY DAYS DEAD DEAL DEAR DEATH DEEP DID DIE DIED
    DIRTY DO DOES DOING DONE DOOR DOWN DRINK DRIVE DROP DUCK DUMB EACH EARLY EARTH EAST EASY EAT EIGHT ELSE END ENEMY
    ENJOY ENTER EVEN EVER EVERY EVIL EXACT EXIT EXTRA EYE EYES FACE FACT FALL FALSE FAR FAST FEAR FEEL FELT FEW FIGHT
    FINAL FIND FINE FIRE FIRST FIVE FLOOR FLY FOOD FOOL FOR FORM FOUND FOUR FREE FRESH FROM FULL FUN GAME GATE GAVE GET
    GIRL GIVE GO GOD GOES GOING GOLD GONE GOOD GOT GREAT GREEN GRR GUARD GUESS GUN GUY GUYS HA HAD HALF HALT HAND HANDS
    HAPPY HARD HAS HATE HAVE HE HEAD HEAR HEARD HEART HEAT HEAVY HELL HELLO HELP HER HERE HERO HEY HI HIDE HIGH HIM HIS
    HIT HITS HMM HOLD HOLE HOLY HOME HOPE HORSE HOT HOUR HOUSE HOW HUGE HUH HUMAN HUNT HURRY HURT IDEA IDIOT IF IN INDEX
    INTO INTRO IS JOB JOIN JOKE JUMP JUST KEEP KEPT KEY KEYS KID KIDS KILL KIND KING KNEW KNIFE KNOW LADY LAND LAST LATE
    LATER LAW LEARN LEAST LEAVE LEFT LEG LESS LET LETS LEVEL LIAR LIE LIED LIES LIFE LIGHT LIKE LINE LIST LIVE LIVES
    LOCK LONG LOOK LOOSE LORD LOSE LOSER LOST LOT LOTS LOUD LOVE LOW LUCK MAD MADE MAGIC MAIN MAKE MAN MANY MAY MAYBE ME
    MEAN MEANT MEET MEN MENU MERRY MET MIND MINE MISS MONEY MOON MORE MOST MOUTH MOVE MR MRS MUCH MUM MUSIC MUST MY NAME
    NAMES NEAR NEED NEVER NEW NEWS NEXT NICE NIGHT NINE NO NONE NOON NOPE NOR NORTH NOT NOTE NOTES NOW OF OFF OFTEN OH
    OKAY OLD ON ONCE ONE ONES ONLY ONTO OOH OOPS OPEN OR ORDER OTHER OUCH OUR OURS OUT OVER OW OWN PAGE PAID PAIN PART
    PARTY PAST PAUSE PAY PEACE PFFT PHONE PICK PIECE PLACE PLAN PLAY POINT POOR POWER PRESS PROUD PSST PULL PUSH PUT
    QUEEN QUICK QUIET QUIT QUITE QUIZ RACE RAIN RAN RATES READ READY REAL RED REST RICH RIDE RIGHT RISE RISK ROAD ROOM
    ROUND RULE RULES RUN SAD SAFE SAID SALE SAME SAVE SAW SAY SAYS SCENE SEA SEE SEEN SELF SELL SEND SENT SERVE SET
    SEVEN SHALL SHARP SHE SHH SHIFT SHIP SHIT SHOOT SHOP SHORT SHOT SHOUT SHOW SHUT SIDE SIGN SILLY SINCE SING SIR SIT
    SIX SKIP SKY SLEEP SLOW SMALL SMART SMILE SO SOFT SOLD SOME SON SONG SOON SORRY SOUND SOUTH SPACE SPEAK SPELL STAGE
    STAND STAR START STAY STEAL STEP STILL STOP STORY STUCK STUDY STUFF SUCH SUN SURE SWEAR SWORD TAKE TAKEN TALK TALL
    TASK TAX TEAM TELL TEN TEST THAN THANK THAT THE THEIR THEM THEN THERE THESE THEY THIN THING THINK THIRD THIS THOSE
    THREE THROW THUS THY TILL TIME TIMES TINY TIP TIRED TITLE TO TODAY TOLD TOO TOOK TOP TOPIC TOTAL TOUCH TOWN TRAP
    TREE TRUE TRULY TRUST TRUTH TRY TSK TURN TWICE TWO UGH UGLY UH UM UNDER UNIT UNTIL UP UPON USE USED USING USUAL
    VERSE VERY VOICE VOTE WAIT WAKE WALK WALL WANT WANTS WAR WARM WARN WAS WASH WATCH WATER WAVE WAY WE WEAK WEEK WELL
    WENT WERE WEST WHAT WHEN WHERE WHICH WHILE WHITE WHOA WHOLE WHOM WHOSE WHY WIDE WIFE WILD WILL WIN WIND WINE WISE
    WISH WITH WOMAN WOMEN WON WORD WORDS WORK WORLD WORN WORRY WORSE WORST WORTH WOULD WOW WRITE WRONG YAY YEAH YEAR
    YEARS YELL YEP YES YET YO YOU YOUNG YOUR YOURS ZERO
"""
STRESSED = frozenset(_STRESSED.split())
SAID_AS_WORDS = {
    "NASA", "NATO", "UNESCO", "UNICEF", "OPEC", "LASER", "RADAR", "SCUBA", "AIDS", "COVID", "FIFA", "UEFA", "PIN",
    "RAM", "ROM", "GIF", "SIM",
}  # fmt: skip
